#include "trainer/checkpoint/rank_texts.h"

#include <cstring>

namespace genesis::trainer {

std::string broadcast_text(const std::string& text, parallel::Communicator& ranks, int root) {
  const bool own = ranks.rank() == root;
  const int64_t length =
      ranks.all_reduce_value(own ? int64_t(text.size()) : int64_t{0}, parallel::ReduceOp::max);
  if (length == 0) return {};
  const Array bytes = Array::zeros({length}, DType::u8);
  if (own) std::memcpy(bytes.raw(), text.data(), text.size());
  ranks.broadcast(bytes, root);
  return {static_cast<const char*>(bytes.raw()), size_t(length)};
}

std::vector<std::string> gather_texts(const std::string& text, parallel::Communicator& ranks) {
  const int64_t longest = 8 + ranks.all_reduce_value(int64_t(text.size()), parallel::ReduceOp::max);
  const Array own = Array::zeros({longest}, DType::u8),
              all = Array::zeros({ranks.size(), longest}, DType::u8);
  const auto length = int64_t(text.size());
  std::memcpy(own.raw(), &length, 8);
  std::memcpy(static_cast<char*>(own.raw()) + 8, text.data(), text.size());
  ranks.all_gather(own, all);
  std::vector<std::string> texts;
  for (int r = 0; r < ranks.size(); ++r) {
    const char* at = static_cast<const char*>(all.raw()) + r * longest;
    int64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    texts.emplace_back(at + 8, size_t(bytes));
  }
  return texts;
}

std::optional<Error> agree_error(const std::optional<Error>& own, parallel::Communicator& ranks) {
  if (ranks.size() == 1) return own;
  const int64_t first =
      -ranks.all_reduce_value(own ? -int64_t(ranks.rank()) : -int64_t(ranks.size()), parallel::ReduceOp::max);
  if (first == ranks.size()) return std::nullopt;
  const int64_t code = ranks.all_reduce_value(ranks.rank() == first ? int64_t(own->code()) : int64_t{0},
                                              parallel::ReduceOp::max);
  const std::string text = broadcast_text(ranks.rank() == first ? own->what() : "", ranks, int(first));
  return Error(first == 0 ? text : fmt::format("rank {}: {}", first, text), ExitCode(code));
}

}  // namespace genesis::trainer
