#pragma once
// Streams, events and graphs of the emulated card. Work given to a stream waits until somebody needs it: a
// synchronisation, an event that another stream or the host waits for, a copy the host reads. So a missing
// wait is not hidden by luck: what was not waited for has not happened.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "checker/order.h"

struct CUgraph_st;
struct CUstream_st;

/// A place in a stream that others wait for. An event's record makes one; whoever waits keeps it, since the
/// event may be recorded again, or gone, by then.
struct EmulatedMark {
  CUstream_st* stream = nullptr;
  const CUgraph_st* captured = nullptr;  // by which capture
  bool reached = false;
  double seconds = 0;
  genesis::emulation::Clock before;  // what is over when it is reached
};
/// What a stream does next: a piece of work, a mark, or a wait for another stream's mark.
struct EmulatedWork {
  std::function<void()> run;
  std::shared_ptr<EmulatedMark> marks, awaits;
  genesis::emulation::Place place{};
};
struct CUgraph_st {
  std::vector<EmulatedWork> work;
};
struct CUgraphExec_st {
  CUgraph_st graph;
};
struct CUstream_st {
  std::deque<EmulatedWork> waiting;
  CUgraph_st* captured = nullptr;    // work goes here while the stream is captured
  uint32_t id = 0, given = 0;        // pieces of work so far
  genesis::emulation::Clock before;  // what is over when work given from now on begins
};
struct CUevent_st {
  std::shared_ptr<EmulatedMark> last;  // null: never recorded, which counts as reached
};

namespace genesis::emulation {

/// Gives a stream (null: the default one) a piece of work.
void enqueue(CUstream_st* stream, std::function<void()> run);
void record(CUevent_st* event, CUstream_st* stream);
/// False where a stream that is captured would wait for what is not part of the capture, or the other way
/// round.
bool await(CUstream_st* stream, CUevent_st* event);
/// Runs what a stream was given, all of it or up to an event's last record.
void drain(CUstream_st* stream);
void drain(CUevent_st* event);
void drain_all();
/// One piece of work of the event's stream; whether the event is reached then.
bool advance(CUevent_st* event);

/// Bytes of a copy or a fill of running work, with what the checker keeps of them.
void copy_bytes(void* dst, const void* src, size_t bytes);
void fill_bytes(void* dst, int value, size_t bytes);

CUevent_st* create_event();
void destroy_event(CUevent_st* event);
CUstream_st* create_stream();
void destroy_stream(CUstream_st* stream);
/// Whether a stream is being captured: most calls that wait are errors then, as on a card.
bool capturing(CUstream_st* stream);
bool any_capture();
bool begin_capture(CUstream_st* stream);
CUgraph_st* end_capture(CUstream_st* stream);
void launch_graph(const CUgraph_st& graph, CUstream_st* stream);

/// A card that does nothing: launches, copies and library products are dropped where they would be given to a
/// stream. What is left is the host's own work, which can be timed (bench/host_step); numbers mean nothing
/// then.
void set_hollow(bool on);
bool is_hollow();
/// Whether a piece of work is dropped; counts those that are.
bool drops_work();
int64_t dropped_work();

/// How often the host waited for the card: synchronisations, copies to memory that is not pinned, memory
/// given back to the driver.
int64_t host_waits();
void note_host_wait();
/// How many recordings were started.
int64_t graph_launches();

/// Memory of cudaHostAlloc: copies from and to it happen when the stream gets there, others read at once.
void note_pinned(void* data, size_t bytes);
void forget_pinned(void* data);
bool is_pinned(const void* data);

}  // namespace genesis::emulation
