// Bytes of text encoded a second: reads a text file, encodes it whole (one thread) or line by line (all
// threads), and prints the best of several rounds as one JSON line. bench/tokenizer_against_tiktoken.py
// compares it with its peer.
#include "data/tokenizer/tokenizer.h"

#include <fmt/core.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>

#include "data/tokenizer/text_file.h"
#include "kernels/core/parallel_for.h"

namespace {

/// Processor seconds for one thread (a busy machine does not change them), seconds on the wall for several.
double seconds_of(bool on_the_wall, const auto& run) {
  const auto wall = std::chrono::steady_clock::now();
  const std::clock_t processor = std::clock();
  run();
  return on_the_wall ? std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count()
                     : double(std::clock() - processor) / CLOCKS_PER_SEC;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Encode a text file and say how fast");
  std::string vocabulary, file;
  int rounds = 5;
  bool batch = false;
  app.add_option("vocabulary", vocabulary)->required();
  app.add_option("file", file)->required();
  app.add_option("--rounds", rounds)->check(CLI::PositiveNumber);
  app.add_flag("--batch", batch, "its lines, on all threads");
  CLI11_PARSE(app, argc, argv);

  using genesis::data::Tokenizer;
  std::optional<Tokenizer> tokenizer;
  const double load = seconds_of(false, [&] { tokenizer = Tokenizer::from_path(vocabulary); });
  const std::string text = genesis::data::read_text_file(file);
  const auto lines = lines_of(text);
  size_t tokens = 0;
  double first = 0, best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < rounds; ++i) {
    const double seconds = seconds_of(batch, [&] {
      if (batch) {
        tokens = 0;
        for (const auto& ids : tokenizer->encode_batch(lines)) tokens += ids.size();
      } else {
        tokens = tokenizer->encode(text).size();
      }
    });
    if (i == 0) first = seconds;
    best = std::min(best, seconds);
  }
  const double megabytes = double(text.size()) * 1e-6;
  fmt::print(
      "{{\"bench\": \"tokenizer\", \"file\": \"{}\", \"bytes\": {}, \"tokens\": {}, \"threads\": {}, "
      "\"load_seconds\": {:.4f}, \"first_mb_per_second\": {:.2f}, \"mb_per_second\": {:.2f}}}\n",
      file, text.size(), tokens, batch ? genesis::thread_count() : 1, load, megabytes / first,
      megabytes / best);
}
