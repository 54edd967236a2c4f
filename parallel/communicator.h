#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/core/array.h"
#include "parallel/call.h"
#include "parallel/transport.h"

namespace genesis::parallel {

/// A call that runs beside the caller's work. Copies share one call; letting go of it does not cancel it.
class Pending {
 public:
  Pending() = default;  ///< nothing to wait for
  /// Blocks until the call is done. Errors: those of the call, thrown at every wait.
  void wait() const;
  bool done() const;

 private:
  friend class Communicator;
  struct State;
  std::shared_ptr<State> state_;
};

/// What a communicator has done so far.
struct Traffic {
  int64_t calls = 0;
  int64_t bytes = 0;  ///< sum of CallRecord::bytes
};

/// The ranks of a group, seen from one of them.
///   Every rank makes the same collective calls in the same order; a send meets a recv of the same count and
///   dtype. Calls run in the order they were made, the asynchronous ones (`*_async`) on one communication
///   thread, which starts with the first of them. A blocking call waits for those before it. One thread makes
///   the calls.
/// Types: f64, f32, bf16 and f16 (reduced in f32), i64, i32, u8. Arrays are contiguous, on the CPU.
/// Ownership: a pending call holds the bytes of its arrays; do not touch them before wait().
/// Errors: genesis::Error naming call, sequence and the first rank that differs; PeerFailure when another
/// rank
///   ended. After an error every further call throws it again.
/// Determinism: bitwise; sums run in rank order and every rank gets the same bits.
class Communicator {
 public:
  /// `group` names it in the log ("world", "dp", "tp"). `check_every_call`: compare all ranks' calls first
  /// (on for back ends that do so anyway, off by default where it costs a round trip;
  /// GENESIS_CHECK_COLLECTIVES=1 sets it).
  explicit Communicator(std::unique_ptr<Transport> transport, std::string group = "world");
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  const std::string& group() const { return group_; }
  /// How the ranks talk: "threads", "shared memory", "messages".
  std::string_view transport_name() const { return transport_->name(); }

  void all_reduce(const Array& x, ReduceOp op = ReduceOp::sum);  ///< in place
  /// output[i] = op over ranks r of input_r[rank * output.numel() + i]; input holds size * output.numel()
  /// elements
  void reduce_scatter(const Array& input, const Array& output, ReduceOp op = ReduceOp::sum);
  /// output = the inputs of all ranks one behind the other; input may be its own place in output
  void all_gather(const Array& input, const Array& output);
  void broadcast(const Array& x, int root = 0);  ///< in place
  void barrier();
  void send(const Array& x, int to);  ///< returns when the receiver has it
  void recv(const Array& x, int from);

  Pending all_reduce_async(const Array& x, ReduceOp op = ReduceOp::sum);
  Pending reduce_scatter_async(const Array& input, const Array& output, ReduceOp op = ReduceOp::sum);
  Pending all_gather_async(const Array& input, const Array& output);
  Pending broadcast_async(const Array& x, int root = 0);

  /// One number agreed by all ranks.
  double all_reduce_value(double value, ReduceOp op = ReduceOp::sum);
  int64_t all_reduce_value(int64_t value, ReduceOp op = ReduceOp::sum);

  /// A zeroed array that collectives reach without a copy where the back end can. Collective.
  Array shared_buffer(Shape shape, DType dtype, Device device = Device::cpu);

  /// A group of the ranks that pass the same `color`, ordered by `key`, then by rank; named `group` in logs.
  /// Collective over all ranks. A group of one costs nothing: its calls return at once. The new group has its
  /// own order of calls, communication thread and log; this one stays usable.
  /// Lifetime: independent of this object's, but not of World's.
  std::unique_ptr<Communicator> split(int64_t color, int64_t key, std::string group);

  /// See Transport::abandon.
  bool abandon() { return transport_->abandon(); }

  /// The last calls, oldest first (at most kLogged), and the sum over all of them.
  static constexpr size_t kLogged = 4096;
  std::vector<CallRecord> log() const;
  Traffic traffic() const;

  void set_check_every_call(bool on);

 private:
  struct Job;
  struct Worker;
  Job make_job(Call call, const Array& in, const Array& out, bool reads_input);
  void run_now(Job job);
  Pending submit(Job job);
  void execute(Job& job);
  bool card_keeps_order();
  void wait_until_idle();
  void hand_over(Job& job);

  std::unique_ptr<Transport> transport_;
  std::string group_;
  int rank_, size_;
  bool check_every_call_ = false;
  int64_t sequence_ = 0;
  std::deque<CallRecord> log_;
  Traffic traffic_;
  std::unique_ptr<Worker> worker_;
  std::optional<bool> card_keeps_order_;  // whether calls on a card are handed to it at once
};

}  // namespace genesis::parallel
