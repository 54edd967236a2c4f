#include "kernels/cpu/attention_plan.h"

#include <algorithm>

#include "kernels/core/parallel_for.h"

namespace genesis::kernels::cpu {

std::vector<Sequence> read_sequences(const char* op, const Array& cu_q, const Array& k_begin,
                                     const Array& k_length, int64_t q_rows, int64_t k_rows) {
  const int32_t *cu = cu_q.data<int32_t>(), *begin = k_begin.data<int32_t>(),
                *length = k_length.data<int32_t>();
  const int64_t count = k_begin.dim(0);
  GENESIS_CHECK(cu[0] == 0 && cu[count] == q_rows, op, ": cu_q runs from ", cu[0], " to ", cu[count],
                ", q has ", q_rows, " rows");
  std::vector<Sequence> sequences;
  for (int64_t s = 0; s < count; ++s) {
    const Sequence one{cu[s], int64_t(cu[s + 1]) - cu[s], begin[s], length[s]};
    GENESIS_CHECK(one.q_length >= 0, op, ": sequence ", s, " has ", one.q_length, " queries");
    GENESIS_CHECK(one.k_length >= one.q_length, op, ": sequence ", s, " has ", one.q_length,
                  " queries and only ", one.k_length, " keys");
    GENESIS_CHECK(one.k_begin >= 0 && one.k_begin + one.k_length <= k_rows, op, ": sequence ", s,
                  " has keys ", one.k_begin, " to ", one.k_begin + one.k_length, ", k has ", k_rows, " rows");
    sequences.push_back(one);
  }
  return sequences;
}

void sort_by_cost(std::vector<AttentionTask>& tasks) {
  std::stable_sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) { return a.cost > b.cost; });
}

int64_t pieces_for(int64_t units, int64_t blocks) {
  if (units == 0 || blocks == 0) return 1;
  const int64_t wanted = thread_count() > 1 ? 4 * int64_t(thread_count()) : 1;
  return std::clamp<int64_t>((wanted + units - 1) / units, 1, blocks);
}

AttentionScratch::AttentionScratch(int threads, int64_t bytes_per_thread) {
  MemoryScope scope(MemoryCategory::workspace);
  bytes_ = Array::empty({threads, (bytes_per_thread + 63) / 64 * 64}, DType::u8);
}

char* AttentionScratch::mine() const {
  return static_cast<char*>(bytes_.raw()) + omp_get_thread_num() * bytes_.dim(1);
}

int attention_threads(size_t tasks) {
  if (omp_in_parallel()) return 1;
  return int(std::clamp<int64_t>(int64_t(tasks), 1, thread_count()));
}

}  // namespace genesis::kernels::cpu
