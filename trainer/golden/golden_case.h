#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/qwen/model.h"
#include "models/safetensors/file.h"

namespace genesis::trainer {

/// A reference folder (tests/golden/README.md): a model, its inputs, and what must come out.
class GoldenCase {
 public:
  /// Errors: CheckpointError naming the file that is absent, damaged or lacks a part.
  explicit GoldenCase(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const nlohmann::json& numbers() const { return numbers_; }
  bool has(const std::string& tensor) const { return tensors_.find(tensor) != nullptr; }
  Array tensor(const std::string& name) const { return tensors_.read(name); }
  /// How far single-precision and bf16 runs of the reference stray from the double one. Null when it does not
  /// say.
  const nlohmann::json* rounding(const std::string& quantity) const;

 private:
  std::filesystem::path folder_;
  nlohmann::json numbers_;
  models::SafetensorsFile tensors_;
};

/// Rows of the reference as flat texts, with the label of each token moved to the one before it.
struct GoldenBatch {
  models::TokenBatch tokens;
  Array targets;           ///< [N] i32, -100 where there is none
  int64_t supervised = 0;  ///< targets that are not -100
};

/// `ids` and `labels` hold the documents one behind the other.
GoldenBatch golden_batch(const Array& ids, const Array& labels, const std::vector<int64_t>& document_lengths);
/// The rows of [B, T] arrays.
GoldenBatch golden_rows(const Array& ids, const Array& labels);

}  // namespace genesis::trainer
