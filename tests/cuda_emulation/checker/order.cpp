#include "order.h"

#include <algorithm>

#include "image.h"
#include "shadow.h"

namespace genesis::emulation {
namespace {

constexpr uint32_t kLastStamp = 0xff000000u;

struct Done {
  uint32_t first_stamp, stream, index;
  WorkName name;
};

struct Order {
  uint32_t whole = 0;
  Place now;
  std::vector<Done> works{{1, 0, 0, {}}};  // by first_stamp; the last is running
  std::vector<std::vector<std::pair<uint32_t, uint32_t>>>
      streams;  // by id: index and first stamp of its works
};

Order& order() {
  static Order* o = new Order;
  return *o;
}

/// The first stamp of work in other streams that may still go on when `now` begins.
uint32_t first_unordered(const Place& now, uint32_t next) {
  auto& streams = order().streams;
  for (uint32_t s = 0; s < streams.size(); ++s) {
    if (s == now.stream) continue;
    const uint32_t over = s < now.before.size() ? now.before[s] : 0;
    auto found = std::upper_bound(streams[s].begin(), streams[s].end(), std::pair{over, ~uint32_t{0}});
    if (found != streams[s].end()) next = std::min(next, found->second);
  }
  return next;
}

const Done& work_of(uint32_t stamp) {
  auto& works = order().works;
  static thread_local size_t last = 0;
  if (last < works.size() && works[last].first_stamp <= stamp &&
      (last + 1 == works.size() || stamp < works[last + 1].first_stamp))
    return works[last];
  const auto found = std::upper_bound(works.begin(), works.end(), stamp,
                                      [](uint32_t s, const Done& d) { return s < d.first_stamp; });
  last = size_t(found - works.begin()) - (found == works.begin() ? 0 : 1);
  return works[last];
}

std::string words_of(const WorkName& name) {
  return name.kernel ? name_of_function(reinterpret_cast<uintptr_t>(name.kernel)) : name.words;
}

}  // namespace

void join(Clock& into, const Clock& other) {
  if (into.size() < other.size()) into.resize(other.size());
  for (size_t i = 0; i < other.size(); ++i) into[i] = std::max(into[i], other[i]);
}

void begin_work(const Place& place, WorkName name) {
  Order& o = order();
  if (running.next >= kLastStamp) {  // what came before is forgotten
    forget_accesses();
    o.works.clear();
    o.streams.clear();
    running.next = 1;
  }
  if (!o.works.empty() && o.works.back().first_stamp == running.next) o.works.pop_back();  // touched nothing
  o.now = place;
  o.whole = 0;
  running.intervals.clear();
  running.first = running.next;
  running.unordered = first_unordered(place, running.next);
  o.works.push_back({running.next, place.stream, place.index, name});
  if (o.streams.size() <= place.stream) o.streams.resize(place.stream + 1);
  o.streams[place.stream].push_back({place.index, running.next});
}

void name_work(WorkName name) { order().works.back().name = name; }
uintptr_t work_key() {
  const WorkName& name = order().works.back().name;
  return reinterpret_cast<uintptr_t>(name.kernel ? name.kernel : static_cast<const void*>(name.words));
}
std::string name_of_work() { return words_of(order().works.back().name); }
std::string name_of_work(uint32_t stamp) { return words_of(work_of(stamp).name); }

bool is_over(uint32_t stamp) {
  const Done& done = work_of(stamp);
  const Place& now = order().now;
  if (done.stream == now.stream) return true;
  return done.stream < now.before.size() && now.before[done.stream] >= done.index;
}

uint32_t whole_stamp() {
  Order& o = order();
  return o.whole != 0 ? o.whole : o.whole = new_stamp({});
}

}  // namespace genesis::emulation
