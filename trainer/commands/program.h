#pragma once

namespace genesis::trainer {

/// The whole `genesis` program: reads the command line and runs one command. What that throws becomes one
/// line on stderr ("rank R: error: message" under a launcher), and the other ranks are ended. Returns: 0
/// done, 64 for a command line that is not understood, an Error's own code, 1 for anything else.
int run_program(int argc, const char* const* argv);

}  // namespace genesis::trainer
