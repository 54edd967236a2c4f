#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace genesis::trainer {

/// The losses of the last steps that were updates, against which a spike is measured.
class LossHistory {
 public:
  static constexpr size_t kLength = 64, kLeast = 8;

  LossHistory() = default;
  explicit LossHistory(std::vector<double> losses) : losses_(std::move(losses)) {}

  void add(double loss);
  /// The median of what there is; nothing is a spike while fewer than kLeast losses are known.
  double median() const;
  /// loss > factor x median. factor 0: never.
  bool is_spike(double loss, double factor) const;
  /// Oldest first: what a checkpoint keeps.
  const std::vector<double>& losses() const { return losses_; }

 private:
  std::vector<double> losses_;
};

}  // namespace genesis::trainer
