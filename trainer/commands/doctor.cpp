#include "trainer/doctor/doctor.h"

#include <memory>

#include "trainer/commands/commands.h"

namespace genesis::trainer {

void add_doctor(CLI::App& program, CommandContext& context) {
  auto* command = program.add_subcommand(
      "doctor",
      "Say what this machine and this build can do; under mpirun: all hosts, their links and clocks");
  auto options = std::make_shared<DoctorOptions>();
  command->add_option("--folder", options->folder, "Where runs write: is it shared, has it room?");
  command->add_option("--bytes", options->most_bytes, "Largest all_reduce to time")
      ->check(CLI::Range(int64_t{1024}, int64_t{1} << 30));
  command->callback([&context, options] { context.run([options] { print_doctor(*options); }); });
}

}  // namespace genesis::trainer
