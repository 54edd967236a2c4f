#include <algorithm>
#include <functional>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;

/// Makes the second of two equal folders differ; gets its run's config, to be written afterwards.
struct Difference {
  const char* item;
  std::function<void(const fs::path&, trainer::TrainConfig&, std::string& program)> make;
};

/// At byte `at`, from the end when negative.
void change_a_byte(const fs::path& file, int64_t at) {
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.at(size_t(at < 0 ? int64_t(text.size()) + at : at)) ^= 1;
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

void drop_the_last_line(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

const std::vector<Difference>& differences() {
  static const std::vector<Difference> all = {
      {"dataset", [](auto& folder, auto&, auto&) { change_a_byte(folder / "train.jsonl", 60); }},
      {"tokenizer", [](auto& folder, auto&, auto&) { drop_the_last_line(folder / "qwen.tiktoken"); }},
      {"config key 'seed'", [](auto&, auto& c, auto&) { c.seed += 1; }},
      {"config key 'learning_rate'", [](auto&, auto& c, auto&) { c.learning_rate *= 1.0000001; }},
      {"config key 'mesh_order'", [](auto&, auto& c, auto&) { c.mesh_order = "dp"; }},
      {"weights",
       [](auto& folder, auto&, auto&) { change_a_byte(folder / "model" / "model.safetensors", -100); }},
      {"config key 'zero_stage'", [](auto&, auto& c, auto&) { c.zero_stage = 1; }},
      {"program", [](auto& folder, auto&, std::string& program) {
         fs::copy_file(program, folder / "genesis");
         program = (folder / "genesis").string();
         std::ofstream(program, std::ios::app) << '\0';
       }}};
  return all;
}

/// A model folder for all to start from.
fs::path make_model(const JobOnDisk& disk) {
  trainer::TrainConfig c = disk.run().config("made");
  c.max_steps = 1;
  disk.run().train(c);
  return fs::path(c.output_dir) / "checkpoint-1";
}

/// Three ranks, of which rank 1 differs.
JobEnd start_with(const Difference& d, const fs::path& model, const Mode& mode) {
  const JobOnDisk usual, odd;
  std::vector<std::vector<std::string>> words;
  for (const JobOnDisk* disk : {&usual, &odd}) {
    trainer::TrainConfig c = disk->endless("out", 5);
    c.tokenizer = "qwen.tiktoken";
    c.model = {};
    c.model_name_or_path = "model";
    fs::copy(model, disk->run() / "model");
    c.dataset = {"train.jsonl"};
    c.output_dir = (usual.run() / "out").string();
    std::string program = mode.program;
    if (disk == &odd) d.make(disk->run().folder().path(), c, program);
    disk->write(c, "run.yaml");
    words.push_back({"-n", "1", "-wdir", disk->run().folder().path().string(), program, "train", "run.yaml"});
  }
  std::vector<std::string> all;
  for (const int which : {0, 1, 0}) {
    if (!all.empty()) all.push_back(":");
    all.insert(all.end(), words[size_t(which)].begin(), words[size_t(which)].end());
  }
  MpiJob job(all);
  return end_of(job, 60);
}

}  // namespace

Outcome run_R11(const Mode& mode) {
  constexpr double kBar = 5;  // s, start-up of mpirun included
  Cases cases;
  double longest = 0;
  const JobOnDisk disk;
  const fs::path model = make_model(disk);
  for (const Difference& d : differences()) {
    const JobEnd e = timed_end(mode, kBar, [&] { return start_with(d, model, mode); });
    longest = std::max(longest, e.seconds);
    cases.expect(e.code == 64 && e.seconds <= kBar && e.says(fmt::format("{} of rank 1 (host ", d.item)) &&
                     e.says("has digest"),
                 fmt::format("{}: exit code {}, {:.1f} s\n{}", d.item, e.code, e.seconds, e.output));
  }
  return {cases.good(), fmt::format("{} kinds refused, {:.1f} s at most, naming rank, item and digests{}",
                                    cases.count(), longest, cases.failures())};
}

}  // namespace genesis::reliability
