#pragma once

namespace genesis::trainer {

/// The whole `genesis` program: reads the command line, runs one command, turns what it throws into one line
/// on stderr ("rank R: message" under a launcher) and an exit code. Returns: 0 done, 64 for a command line
/// that is not understood, an Error's own code, 1 for anything else.
int run_program(int argc, const char* const* argv);

}  // namespace genesis::trainer
