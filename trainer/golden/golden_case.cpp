#include "trainer/golden/golden_case.h"

#include <fstream>

namespace genesis::trainer {
namespace {

nlohmann::json read_numbers(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw CheckpointError("{}: cannot be read; is the folder a reference folder?", file.string());
  nlohmann::json numbers = nlohmann::json::parse(in, nullptr, false);
  for (const char* part : {"forward", "train", "generate", "packed", "long", "rounding"})
    if (!numbers.is_object() || !numbers.contains(part))
      throw CheckpointError("{}: part '{}' is missing", file.string(), part);
  return numbers;
}

}  // namespace

GoldenCase::GoldenCase(const std::filesystem::path& folder)
    : folder_(folder),
      numbers_(read_numbers(folder / "golden.json")),
      tensors_(models::SafetensorsFile::open(folder / "golden.safetensors")) {}

const nlohmann::json* GoldenCase::rounding(const std::string& quantity) const {
  const auto& all = numbers_["rounding"];
  const auto found = all.find(quantity);
  return found == all.end() ? nullptr : &*found;
}

GoldenBatch golden_batch(const Array& ids, const Array& labels,
                         const std::vector<int64_t>& document_lengths) {
  GoldenBatch batch;
  const int32_t *id = ids.data<int32_t>(), *label = labels.data<int32_t>();
  std::vector<std::vector<int32_t>> texts;
  std::vector<int32_t> targets;
  for (const int64_t n : document_lengths) {
    texts.emplace_back(id, id + n);
    for (int64_t t = 0; t < n; ++t) {
      targets.push_back(t + 1 < n ? label[t + 1] : -100);
      batch.supervised += targets.back() != -100;
    }
    id += n;
    label += n;
  }
  batch.tokens = models::TokenBatch::from_texts(texts);
  batch.targets = Array::from(targets, {int64_t(targets.size())});
  return batch;
}

GoldenBatch golden_rows(const Array& ids, const Array& labels) {
  return golden_batch(ids, labels, std::vector<int64_t>(size_t(ids.dim(0)), ids.dim(1)));
}

}  // namespace genesis::trainer
