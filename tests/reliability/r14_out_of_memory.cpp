// R14: the n-th allocation of a training run fails, for every n of a step. The run ends with one error that
// says what was asked for and what the memory was used for; the checkpoint before is untouched.
#include <atomic>
#include <filesystem>

#include "kernels/core/allocation_fault.h"
#include "tests/reliability/campaign.h"
#include "tests/support/tiny_run.h"

namespace genesis::reliability {
namespace {

/// Lets one allocation of the process fail.
class FailingAllocation {
 public:
  explicit FailingAllocation(int64_t at) {
    set_allocation_fault([this, at](int64_t, MemoryCategory) { return calls_++ == at; });
  }
  ~FailingAllocation() { set_allocation_fault({}); }
  int64_t calls() const { return calls_; }

 private:
  std::atomic<int64_t> calls_{0};
};

bool names_categories(const std::string& message) {
  for (const char* word :
       {"out of memory", "bytes asked for", "parameters", "gradients", "optimizer", "activations"})
    if (message.find(word) == std::string::npos) return false;
  return true;
}

}  // namespace

Outcome run_R14(const Mode& mode) {
  const testing::TinyRun run;
  const auto config = [&](int64_t steps) {
    auto c = run.config("memory");
    c.max_steps = steps;
    c.save_on_exit = false;
    return c;
  };
  const auto calls_of = [&](int64_t steps, int ranks) {
    FailingAllocation none(-1);
    run.train(config(steps), ranks);
    return none.calls();
  };
  Cases cases;
  int64_t tried = 0;
  for (const int ranks : {1, 2}) {
    const int64_t one = calls_of(1, ranks), two = calls_of(2, ranks);
    const int64_t stride = mode.full ? 1 : ranks == 1 ? 13 : 61;
    for (int64_t n = one; n < two; n += stride, ++tried) {  // the allocations of the second step
      FailingAllocation failing(n);
      try {
        run.train(config(2), ranks);
        // With several ranks the count of a step differs by a few from run to run.
        cases.expect(ranks > 1 && failing.calls() <= n,
                     fmt::format("allocation {} of {} ranks: no error", n, ranks));
      } catch (const Error& e) {
        cases.expect(names_categories(e.what()),
                     fmt::format("allocation {} of {} ranks: {}", n, ranks, e.what()));
      } catch (const std::exception& e) {
        cases.expect(false, fmt::format("allocation {} of {} ranks: not an Error: {}", n, ranks, e.what()));
      }
    }
  }
  return {cases.good(),
          fmt::format("{} failed allocations of a step on 1 and 2 ranks, each one clear error{}", tried,
                      cases.failures())};
}

}  // namespace genesis::reliability
