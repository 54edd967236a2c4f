#pragma once
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/safetensors/file.h"
#include "tests/support/shared_data.h"

namespace genesis::testing {

/// A reference folder (tests/golden/README.md): its tensors and its numbers.
class Golden {
 public:
  explicit Golden(const std::filesystem::path& path)
      : path_(path), file_(models::SafetensorsFile::open(path / "golden.safetensors")) {
    std::ifstream(path / "golden.json") >> numbers_;
  }
  const std::filesystem::path& path() const { return path_; }
  const nlohmann::json& numbers() const { return numbers_; }
  Array tensor(const std::string& name) const { return file_.read(name); }
  bool has(const std::string& name) const { return file_.find(name) != nullptr; }

  /// Largest error of `got` (any float dtype, any shape with as many elements) over what the folder allows in
  /// fp32.
  ///   At most 1 passes.
  double fp32_error(const std::string& name, const Array& got) const {
    const auto& r = numbers_.at("rounding").at(name);
    const double allowed =
        8 * std::max(r.at("fp32_max_abs").get<double>(), 1.2e-7 * r.at("ref_max_abs").get<double>());
    const auto wanted = values(tensor(name)), found = values(got);
    GENESIS_CHECK(wanted.size() == found.size(), name, " has ", wanted.size(), " elements, found ",
                  found.size());
    double worst = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      const double error = std::abs(wanted[i] - found[i]);
      worst = error <= worst ? worst : error;  // a NaN becomes the worst
    }
    return worst / allowed;
  }
  /// Relative 2-norm of the error over what the folder allows in bf16.
  double bf16_error(const std::string& name, const Array& got) const {
    const auto wanted = values(tensor(name)), found = values(got);
    GENESIS_CHECK(wanted.size() == found.size(), name, " has ", wanted.size(), " elements, found ",
                  found.size());
    double error = 0, size = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
      error += (wanted[i] - found[i]) * (wanted[i] - found[i]);
      size += wanted[i] * wanted[i];
    }
    return std::sqrt(error / size) / (3 * numbers_.at("rounding").at(name).at("bf16_rel_l2").get<double>());
  }

  static std::vector<double> values(const Array& a) {
    std::vector<double> out;
    const int64_t columns = a.ndim() == 0 ? 1 : a.dim(-1), rows = columns == 0 ? 0 : a.numel() / columns;
    dispatch_any(a.dtype(), [&](auto tag) {
      using T = decltype(tag);
      const T* p = static_cast<const T*>(a.raw());
      for (int64_t r = 0; r < rows; ++r) {
        int64_t rest = r, offset = 0;
        for (int64_t d = a.ndim() - 2; d >= 0; --d) {
          offset += rest % a.shape()[size_t(d)] * a.strides()[size_t(d)];
          rest /= a.shape()[size_t(d)];
        }
        for (int64_t c = 0; c < columns; ++c) {
          if constexpr (std::is_same_v<T, bf16> || std::is_same_v<T, f16>) {
            out.push_back(double(float(p[offset + c])));
          } else {
            out.push_back(double(p[offset + c]));
          }
        }
      }
    });
    return out;
  }

 private:
  std::filesystem::path path_;
  models::SafetensorsFile file_;
  nlohmann::json numbers_;
};

/// Every reference folder there is: the repository's own and, where present, those beside it.
inline std::vector<std::filesystem::path> golden_folders() {
  std::vector<std::filesystem::path> folders;
  const auto own = std::filesystem::path(GENESIS_SOURCE_DIR) / "tests/golden";
  for (const char* name :
       {"mini_qwen1", "mini_qwen15", "mini_qwen3", "split_qwen1", "split_qwen15", "split_qwen3"})
    folders.push_back(own / name);
  if (const auto more = shared_path("golden")) {
    for (const char* name :
         {"tiny_qwen1", "tiny_qwen1_bf16", "tiny_qwen15", "tiny_qwen15_gqa", "tiny_qwen3"}) {
      folders.push_back(*more / name);
    }
  }
  return folders;
}

}  // namespace genesis::testing
