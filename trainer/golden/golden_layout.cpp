#include "trainer/golden/golden_layout.h"

#include <charconv>

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

int number(const std::string& key, const std::string& text, int lowest, int highest) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lowest || value > highest)
    throw ConfigError("{}={}: a number from {} to {} is needed", key, text, lowest, highest);
  return value;
}

}  // namespace

GoldenLayout GoldenLayout::parse(const std::vector<std::string>& assignments) {
  GoldenLayout layout;
  for (const std::string& text : assignments) {
    const size_t sign = text.find('=');
    const std::string key = text.substr(0, sign), value = text.substr(sign + 1);
    if (key == "tensor_parallel_size") {
      layout.tensor_parallel = number(key, value, 1, 1 << 16);
    } else if (key == "gradient_accumulation_steps") {
      layout.accumulation = number(key, value, 1, 1 << 16);
    } else if (key == "tensor_parallel_overlap") {
      layout.overlap = number(key, value, 0, 64);
    } else if (key == "zero_stage") {
      layout.zero_stage = number(key, value, 0, 1);
    } else if (key == "sequence_parallel") {
      if (value != "true" && value != "false")
        throw ConfigError("{}={}: true or false is needed", key, value);
      layout.sequence_parallel = value == "true";
    } else {
      throw ConfigError(
          "{}: the keys are tensor_parallel_size, sequence_parallel, tensor_parallel_overlap, zero_stage, "
          "gradient_accumulation_steps",
          text);
    }
  }
  return layout;
}

std::string describe(const GoldenLayout& layout, int ranks) {
  std::string text = fmt::format("{} rank{}", ranks, ranks == 1 ? "" : "s");
  if (layout.tensor_parallel > 1)
    text += fmt::format(", tensor parallel {}{}", layout.tensor_parallel,
                        layout.sequence_parallel ? ", sequence parallel" : "");
  if (layout.tensor_parallel > 1 && layout.overlap != 1)
    text += fmt::format(", overlap in {} chunks", layout.overlap);
  if (layout.zero_stage > 0) text += fmt::format(", ZeRO {}", layout.zero_stage);
  if (layout.accumulation > 1) text += fmt::format(", {} micro-batches", layout.accumulation);
  return text;
}

}  // namespace genesis::trainer
