#pragma once
#include <cstdint>

struct CUstream_st;
struct CUevent_st;

namespace genesis::cuda {

using StreamHandle = CUstream_st*;
using EventHandle = CUevent_st*;

/// A queue of work on the card. Move-only; destroyed when its work is done.
class Stream {
 public:
  enum class Priority { normal, high };
  explicit Stream(Priority priority = Priority::normal);
  ~Stream();
  Stream(Stream&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  StreamHandle handle() const { return handle_; }
  void synchronize() const;

 private:
  StreamHandle handle_ = nullptr;
};

/// A mark in a stream that another stream, or the host, can wait for.
class Event {
 public:
  explicit Event(bool with_time = false);
  ~Event();
  Event(Event&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(StreamHandle stream) const;
  void make_wait(StreamHandle stream) const;  ///< work given to `stream` from now on runs after the mark
  bool reached() const;
  void synchronize() const;
  /// Milliseconds between two events made with_time.
  static double elapsed_ms(const Event& begin, const Event& end);

 private:
  EventHandle handle_ = nullptr;
};

/// The stream that kernels, copies and allocations of this thread use: the process's compute stream unless a
/// StreamScope says otherwise. Device memory is reused in the order of the stream it was allocated under:
/// whoever uses a block on another stream holds it until the two have met.
StreamHandle current_stream();

/// Work of this thread goes to another stream while it lives.
class StreamScope {
 public:
  explicit StreamScope(StreamHandle stream);
  ~StreamScope();
  StreamScope(const StreamScope&) = delete;
  StreamScope& operator=(const StreamScope&) = delete;

 private:
  StreamHandle previous_;
};

}  // namespace genesis::cuda
