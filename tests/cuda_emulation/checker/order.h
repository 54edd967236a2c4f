#pragma once
// Which piece of work on the emulated card comes after which: through one stream, through events, through a
// host that waited. Two pieces that touch the same bytes and are not in order are a fault, whatever the order
// they happened to run in.
#include <cstdint>
#include <string>
#include <vector>

namespace genesis::emulation {

/// By stream: how many of its pieces of work are over.
using Clock = std::vector<uint32_t>;
void join(Clock& into, const Clock& other);

/// Where a piece of work stands in its stream, and what comes before it.
struct Place {
  uint32_t stream = 0, index = 0;
  Clock before;
};

/// What the running work is called in a report: a kernel, or words like "copy".
struct WorkName {
  const void* kernel = nullptr;
  const char* words = "work";
};

/// Begins a piece of work; stamps from now on belong to it.
void begin_work(const Place& place, WorkName name);
/// Names what was begun.
void name_work(WorkName name);
std::string name_of_work();
/// The same for all work of that name.
uintptr_t work_key();
/// The name of the work an earlier stamp was made by.
std::string name_of_work(uint32_t stamp);
/// One thread between two barriers.
struct Interval {
  uint32_t block = 0;
  uint16_t thread = 0;
  uint32_t block_barriers = 0, warp_barriers = 0;
};
/// Stamps and intervals of the running work.
struct Running {
  uint32_t next = 1, first = 1;
  uint32_t unordered = 1;  ///< every stamp before it is of work that is over
  std::vector<Interval> intervals;
};
inline constinit Running running;

inline uint32_t first_stamp() { return running.first; }
inline uint32_t new_stamp(const Interval& interval) {
  running.intervals.push_back(interval);
  return running.next++;
}
/// Of a stamp of the running work.
inline const Interval& interval_of(uint32_t stamp) { return running.intervals[stamp - running.first]; }
/// Of the running work as a whole: a copy, a library's product.
uint32_t whole_stamp();

bool is_over(uint32_t stamp);
/// Whether the work of an earlier stamp is over before the running one begins.
inline bool is_before(uint32_t stamp) { return stamp < running.unordered || is_over(stamp); }

}  // namespace genesis::emulation
