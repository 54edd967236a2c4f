#include "streams.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "checker/fault.h"
#include "checker/shadow.h"
#include "emulator.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/core/poison.h"

namespace genesis::emulation {
namespace {

struct Streams {
  CUstream_st fallback;  // the default stream
  std::set<CUstream_st*> all{&fallback};
  std::set<CUevent_st*> events;
  std::map<const char*, size_t> pinned;
  Clock host;                   // what the host has waited for
  std::vector<uint32_t> given;  // by stream id: pieces of work, also of streams that are gone
  std::set<uint32_t> free_ids;
  int captures = 0;
  int64_t host_waits = 0, graph_launches = 0;
};

Streams& streams() {
  static Streams* s = new Streams;
  return *s;
}

std::atomic<bool> hollow{false};
std::atomic<int64_t> dropped{0};

CUstream_st& of(CUstream_st* stream) {
  if (stream && !streams().all.contains(stream)) {
    std::fprintf(stderr, "emulated card: work for a stream that is gone or never was\n");
    std::abort();
  }
  return stream ? *stream : streams().fallback;
}

CUevent_st& of(CUevent_st* event) {
  if (!streams().events.contains(event)) {
    std::fprintf(stderr, "emulated card: an event that is gone or never was\n");
    std::abort();
  }
  return *event;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void push(CUstream_st& s, EmulatedWork work) {
  if (s.captured) return s.captured->work.push_back(std::move(work));
  join(s.before, streams().host);
  if (work.awaits) join(s.before, work.awaits->before);
  if (work.run) {
    work.place = {s.id, ++s.given, s.before};
    if (s.before.size() <= s.id) s.before.resize(s.id + 1);
    s.before[s.id] = s.given;
  }
  if (work.marks) work.marks->before = s.before;
  s.waiting.push_back(std::move(work));
}

void run_until(EmulatedMark& mark);

void run_next(CUstream_st& s) {
  const EmulatedWork work = std::move(s.waiting.front());
  s.waiting.pop_front();
  if (work.run) {
    begin_work(work.place, {});
    work.run();
  }
  if (work.marks) {
    work.marks->reached = true;
    work.marks->seconds = now();
  }
  if (work.awaits) run_until(*work.awaits);
}

void run_until(EmulatedMark& mark) {
  while (!mark.reached) {
    if (mark.stream->waiting.empty()) {
      std::fprintf(stderr, "emulated stream: an event is waited for that no stream will reach\n");
      std::abort();
    }
    run_next(*mark.stream);
  }
}

}  // namespace

void set_hollow(bool on) { hollow = on; }
bool is_hollow() { return hollow.load(std::memory_order_relaxed); }
bool drops_work() {
  if (!is_hollow()) return false;
  dropped.fetch_add(1, std::memory_order_relaxed);
  return true;
}
int64_t dropped_work() { return dropped.load(); }

void enqueue(CUstream_st* stream, std::function<void()> run) {
  if (drops_work()) return;
  MachineLock lock;
  push(of(stream), {.run = std::move(run), .marks = {}, .awaits = {}});
}

void record(CUevent_st* event, CUstream_st* stream) {
  MachineLock lock;
  of(event).last = std::make_shared<EmulatedMark>();
  event->last->stream = &of(stream);
  event->last->captured = of(stream).captured;
  push(of(stream), {.run = {}, .marks = event->last, .awaits = {}});
}

bool await(CUstream_st* stream, CUevent_st* event) {
  MachineLock lock;
  if (!of(event).last) return true;
  if (event->last->captured != of(stream).captured) return false;
  if (!event->last->reached)
    push(of(stream), {.run = {}, .marks = {}, .awaits = event->last});
  else
    join(of(stream).before, event->last->before);
  return true;
}

void drain(CUstream_st* stream) {
  DeviceAccess access;
  CUstream_st& s = of(stream);
  while (!s.waiting.empty()) run_next(s);
  join(streams().host, s.before);
}

void drain(CUevent_st* event) {
  DeviceAccess access;
  if (!of(event).last) return;
  run_until(*event->last);
  join(streams().host, event->last->before);
}

void drain_all() {
  DeviceAccess access;
  for (CUstream_st* s : streams().all) {
    while (!s->waiting.empty()) run_next(*s);
    join(streams().host, s->before);
  }
}

bool advance(CUevent_st* event) {
  DeviceAccess access;
  if (!of(event).last) return true;
  if (!event->last->reached && !event->last->stream->waiting.empty()) run_next(*event->last->stream);
  if (event->last->reached) join(streams().host, event->last->before);
  return event->last->reached;
}

void copy_bytes(void* dst, const void* src, size_t bytes) {
  name_work({.kernel = nullptr, .words = "copy"});
  check_copy(dst, src, bytes);
  std::memmove(dst, src, bytes);
}

void fill_bytes(void* dst, int value, size_t bytes) {
  name_work({.kernel = nullptr, .words = "fill"});
  check_range(dst, bytes, Access::write);
  std::memset(dst, value, bytes);
}

CUevent_st* create_event() {
  MachineLock lock;
  return *streams().events.insert(new CUevent_st).first;
}

void destroy_event(CUevent_st* event) {
  MachineLock lock;
  streams().events.erase(&of(event));
  delete event;
}

CUstream_st* create_stream() {
  MachineLock lock;
  Streams& all = streams();
  auto* stream = new CUstream_st;
  if (all.free_ids.empty()) {
    if (all.given.empty()) all.given.push_back(0);  // the default stream's
    stream->id = uint32_t(all.given.size());
    all.given.push_back(0);
  } else {
    stream->id = *all.free_ids.begin();
    all.free_ids.erase(all.free_ids.begin());
  }
  stream->given = all.given[stream->id];
  all.all.insert(stream);
  return stream;
}

void destroy_stream(CUstream_st* stream) {
  drain(stream);
  MachineLock lock;
  streams().given[stream->id] = stream->given;
  streams().free_ids.insert(stream->id);
  streams().all.erase(stream);
  delete stream;
}

bool capturing(CUstream_st* stream) {
  MachineLock lock;
  return of(stream).captured != nullptr;
}

bool any_capture() {
  MachineLock lock;
  return streams().captures > 0;
}

bool begin_capture(CUstream_st* stream) {
  MachineLock lock;
  if (!stream || stream->captured) return false;
  stream->captured = new CUgraph_st;
  ++streams().captures;
  return true;
}

CUgraph_st* end_capture(CUstream_st* stream) {
  MachineLock lock;
  CUgraph_st* graph = of(stream).captured;
  if (!graph) return nullptr;
  stream->captured = nullptr;
  --streams().captures;
  return graph;
}

void launch_graph(const CUgraph_st& graph, CUstream_st* stream) {
  MachineLock lock;
  ++streams().graph_launches;
  (void)drops_work();
  for (const EmulatedWork& work : graph.work) push(of(stream), work);
}

int64_t graph_launches() {
  MachineLock lock;
  return streams().graph_launches;
}

int64_t host_waits() {
  MachineLock lock;
  return streams().host_waits;
}

void note_host_wait() {
  MachineLock lock;
  ++streams().host_waits;
}

void note_pinned(void* data, size_t bytes) {
  MachineLock lock;
  streams().pinned[static_cast<char*>(data)] = bytes;
}

void forget_pinned(void* data) {
  MachineLock lock;
  streams().pinned.erase(static_cast<char*>(data));
}

bool is_pinned(const void* data) {
  MachineLock lock;
  const auto* at = static_cast<const char*>(data);
  auto found = streams().pinned.upper_bound(at);
  if (found == streams().pinned.begin()) return false;
  --found;
  return at < found->first + found->second;
}

}  // namespace genesis::emulation

namespace genesis {

void note_card_block(void* block, int64_t bytes, bool in_use) {
  using namespace emulation;
  if (!checking()) return;
  enqueue(cuda::current_stream(), [=] {
    auto* begin = static_cast<char*>(block);
    in_use ? open_block(begin, size_t(bytes)) : close_blocks(begin, 1);
  });
}

void note_card_segment(void* segment) {
  using namespace emulation;
  const MachineLock lock;
  if (checking()) close_blocks(static_cast<char*>(segment), 1);
}

}  // namespace genesis
