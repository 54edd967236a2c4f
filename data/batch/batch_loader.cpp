#include "data/batch/batch_loader.h"

#include <chrono>
#include <utility>

#include "kernels/core/check.h"

namespace genesis::data {

BatchLoader::BatchLoader(const SampleStore& samples, const StepPlan& plan, Options options)
    : samples_(samples), plan_(plan), options_(options) {
  GENESIS_CHECK(options.ahead >= 0, "a loader cannot be ", options.ahead, " batches ahead");
  if (options.ahead > 0) thread_ = std::thread([this] { work(); });
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Batch BatchLoader::take(int64_t consumed, int64_t micro) {
  const auto begin = std::chrono::steady_clock::now();
  const Place place{consumed, micro};
  Batch batch;
  if (options_.ahead == 0) {
    Made made = make(place);
    if (made.error) std::rethrow_exception(made.error);
    batch = std::move(made.batch);
  } else {
    batch = wait_for(place);
  }
  wait_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return batch;
}

Batch BatchLoader::wait_for(Place place) {
  std::unique_lock lock(mutex_);
  const bool in_order = ready_.empty() ? next_ == place : ready_.front().place == place;
  if (!in_order) {
    ready_.clear();
    next_ = place;
    ++generation_;
  }
  changed_.notify_all();
  changed_.wait(lock, [&] { return !ready_.empty(); });
  Made made = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  GENESIS_INVARIANT(made.place == place, "a loader made another batch than was asked for");
  if (made.error) std::rethrow_exception(made.error);
  return std::move(made.batch);
}

BatchLoader::Made BatchLoader::make(Place place) const {
  Made made{place, place, {}, nullptr};
  try {
    made.next = after(place);
    made.batch = build_batch(samples_, plan_.samples(place.consumed, place.micro, options_.rank));
  } catch (...) {
    made.error = std::current_exception();
  }
  return made;
}

BatchLoader::Place BatchLoader::after(Place place) const {
  if (place.micro + 1 < plan_.shape().accumulation) return {place.consumed, place.micro + 1};
  return {plan_.next(place.consumed), 0};
}

void BatchLoader::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stop_ || (next_ && int64_t(ready_.size()) < options_.ahead); });
    if (stop_) return;
    const Place place = *next_;
    const int64_t generation = generation_;
    lock.unlock();
    Made made = make(place);
    lock.lock();
    if (generation != generation_) continue;
    next_ = made.next;
    ready_.push_back(std::move(made));
    changed_.notify_all();
  }
}

}  // namespace genesis::data
