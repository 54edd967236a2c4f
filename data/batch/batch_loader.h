#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "data/batch/batch.h"
#include "data/sampler/step_plan.h"

namespace genesis::data {

/// Makes the micro-batches of one rank ahead of time, on a thread of its own.
///   Batches come in the order (step, micro-step) a run takes them in; its position is the run's own integer,
///   the rows consumed. Asking for another place (after a resume) is allowed and starts again from there.
/// One consumer. The store and the plan must live as long as the loader.
class BatchLoader {
 public:
  struct Options {
    int64_t rank = 0;   ///< data-parallel rank whose micro-batches these are
    int64_t ahead = 2;  ///< micro-batches kept ready; 0: made where they are asked for, without a thread
  };
  BatchLoader(const SampleStore& samples, const StepPlan& plan, Options options);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// Micro-batch `micro` of the step that begins after `consumed` rows.
  /// Errors: whatever build_batch and the store throw, here and not on the thread.
  Batch take(int64_t consumed, int64_t micro);

  const SampleStore& samples() const { return samples_; }
  /// Seconds that take() has kept its callers, all calls together.
  double wait_seconds() const { return wait_seconds_; }

 private:
  struct Place {
    int64_t consumed = 0, micro = 0;
    bool operator==(const Place&) const = default;
  };
  struct Made {
    Place place, next;  // next: the one after it
    Batch batch;
    std::exception_ptr error;
  };
  Made make(Place place) const;
  Place after(Place place) const;
  Batch wait_for(Place place);
  void work();

  const SampleStore& samples_;
  const StepPlan& plan_;
  const Options options_;
  double wait_seconds_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Made> ready_;
  std::optional<Place> next_;  // what the thread makes next; none: nobody has asked yet
  int64_t generation_ = 0;     // counts jumps: a batch begun before one is thrown away
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace genesis::data
