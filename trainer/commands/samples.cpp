#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "data/samples/generate.h"
#include "data/samples/split_check.h"
#include "kernels/core/error.h"
#include "trainer/commands/commands.h"

namespace genesis::trainer {
namespace {

namespace samples = data::samples;

struct SamplesOptions {
  std::filesystem::path out;
  int64_t records = samples::kTrainingRecords, held_out = samples::kHeldOutRecords;
  uint64_t seed = samples::kSeed;
};

void write(const std::filesystem::path& path, const std::vector<samples::Record>& records) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (const auto& record : records) file << samples::to_json_line(record) << '\n';
  file.close();
  if (!file) throw DiskError("{}: cannot be written", path.string());
}

void make_samples(const SamplesOptions& o) {
  std::error_code failed;
  std::filesystem::create_directories(o.out, failed);
  if (failed) throw DiskError("{}: cannot be made: {}", o.out.string(), failed.message());
  const auto training = o.out / "train.jsonl", held_out = o.out / "heldout.jsonl";
  write(training, samples::training_records(o.seed, o.records));
  write(held_out, samples::held_out_records(o.seed, o.held_out));

  const auto report = samples::check_split(training, held_out);
  fmt::print("{}: {} conversations, {} questions, {} different problems\n", training.string(), o.records,
             report.training_questions, report.training_problems);
  fmt::print("{}: {} questions, {} different problems\n", held_out.string(), report.held_out_questions,
             report.held_out_problems);
  if (!report.leaks.empty()) throw InvariantError(fmt::format("the split leaks: {}", report.leaks.front()));
  fmt::print("split check: no held-out problem, question or conversation occurs in the training file\n");
}

}  // namespace

void add_samples(CLI::App& program, CommandContext& context) {
  const auto o = std::make_shared<SamplesOptions>();
  auto* command =
      program.add_subcommand("samples", "Write the quick-start's conversations and its held-out questions");
  command->add_option("--out", o->out, "folder for train.jsonl and heldout.jsonl")->required();
  command->add_option("--records", o->records, "training conversations")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--held-out", o->held_out, "held-out questions")
      ->check(CLI::Range(1, 2'000))
      ->capture_default_str();
  command->add_option("--seed", o->seed, "which conversations; the split does not depend on it")
      ->capture_default_str();
  command->callback([o, &context] { context.run([o] { make_samples(*o); }); });
}

}  // namespace genesis::trainer
