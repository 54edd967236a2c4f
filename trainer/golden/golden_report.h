#pragma once
#include <string>
#include <vector>

#include "trainer/golden/golden_case.h"

namespace genesis::trainer {

enum class GoldenPrecision { fp32, bf16 };

/// One compared quantity. It is inside when error <= allowed; an error that is not a number is outside.
struct GoldenRow {
  std::string quantity;
  double error =
      0;  ///< fp32: largest absolute error; bf16: relative 2-norm, or relative error of a loss or norm
  double allowed = 0;
  std::string where;  ///< element of the largest error, with both values
  bool inside() const { return error <= allowed; }
};

/// Compares with a case and keeps a row for every quantity.
///   fp32: max |got - wanted| <= 8 max(fp32_max_abs, 1.2e-7 ref_max_abs)
///   bf16: tensors |got - wanted|_2 / |wanted|_2 <= 3 bf16_rel_l2; losses: relative error 4e-3; gradient
///   norms: 2e-2
class GoldenReport {
 public:
  GoldenReport(const GoldenCase& reference, GoldenPrecision precision)
      : reference_(reference), precision_(precision) {}

  /// A tensor of golden.safetensors. Views with rows apart are fine.
  void tensor(const std::string& name, const Array& got);
  /// Numbers of golden.json; `kind` picks the bf16 rule.
  enum class Kind { loss, norm };
  void numbers(const std::string& name, const std::vector<double>& got, const std::vector<double>& wanted,
               Kind kind);
  /// Things that must be equal: token ids, counts.
  void equal(const std::string& name, const std::vector<int64_t>& got, const std::vector<int64_t>& wanted);

  const std::vector<GoldenRow>& rows() const { return rows_; }
  int64_t outside() const;
  GoldenPrecision precision() const { return precision_; }

 private:
  void compare(const std::string& name, const std::vector<double>& got, const std::vector<double>& wanted,
               double bf16_allowed);

  const GoldenCase& reference_;
  GoldenPrecision precision_;
  std::vector<GoldenRow> rows_;
};

/// A table: a line for each family of quantities (all gradients are one), or for every quantity when `all`.
/// Lines that are outside always stand alone.
std::string golden_table(const GoldenReport& report, bool all);

}  // namespace genesis::trainer
