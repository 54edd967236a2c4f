#include "streams.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "emulator.h"

namespace genesis::emulation {
namespace {

struct Streams {
  CUstream_st fallback;  // the default stream
  std::set<CUstream_st*> all{&fallback};
  std::map<const char*, size_t> pinned;
  int captures = 0;
  int64_t host_waits = 0;
};

Streams& streams() {
  static Streams* s = new Streams;
  return *s;
}

CUstream_st& of(CUstream_st* stream) { return stream ? *stream : streams().fallback; }

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void push(CUstream_st& s, EmulatedWork work) {
  if (s.captured)
    s.captured->work.push_back(std::move(work));
  else
    s.waiting.push_back(std::move(work));
}

void run_until(EmulatedMark& mark);

void run_next(CUstream_st& s) {
  const EmulatedWork work = std::move(s.waiting.front());
  s.waiting.pop_front();
  if (work.run) work.run();
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

void enqueue(CUstream_st* stream, std::function<void()> run) {
  MachineLock lock;
  push(of(stream), {.run = std::move(run), .marks = {}, .awaits = {}});
}

void record(CUevent_st* event, CUstream_st* stream) {
  MachineLock lock;
  event->last = std::make_shared<EmulatedMark>();
  event->last->stream = &of(stream);
  push(of(stream), {.run = {}, .marks = event->last, .awaits = {}});
}

void await(CUstream_st* stream, CUevent_st* event) {
  MachineLock lock;
  if (event->last && !event->last->reached) push(of(stream), {.run = {}, .marks = {}, .awaits = event->last});
}

void drain(CUstream_st* stream) {
  DeviceAccess access;
  CUstream_st& s = of(stream);
  while (!s.waiting.empty()) run_next(s);
}

void drain(CUevent_st* event) {
  DeviceAccess access;
  if (event->last) run_until(*event->last);
}

void drain_all() {
  DeviceAccess access;
  for (CUstream_st* s : streams().all)
    while (!s->waiting.empty()) run_next(*s);
}

bool advance(CUevent_st* event) {
  DeviceAccess access;
  if (!event->last) return true;
  if (!event->last->reached && !event->last->stream->waiting.empty()) run_next(*event->last->stream);
  return event->last->reached;
}

CUstream_st* create_stream() {
  MachineLock lock;
  return *streams().all.insert(new CUstream_st).first;
}

void destroy_stream(CUstream_st* stream) {
  drain(stream);
  MachineLock lock;
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
  for (const EmulatedWork& work : graph.work) push(of(stream), work);
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
