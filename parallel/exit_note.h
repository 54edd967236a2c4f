#pragma once

namespace genesis::parallel {

/// Leaves word of the exit code with which this process ends the job, for whoever started it.
///   Appends a line with the code to the file that GENESIS_EXIT_NOTE names; without that variable it does
///   nothing. The first line of the file is the job's cause: mpirun's own status can say something else, when
///   it crashes while it cleans up, is ended itself, or was asked by a rank that was ended with the others.
/// Errors: none; a note that cannot be written is no reason to fail. Any thread may call it.
void note_exit_code(int code) noexcept;

}  // namespace genesis::parallel
