#include "parallel/communicator.h"

#include <omp.h>

#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>

#include "parallel/call_observer.h"
#include "parallel/card_transfer.h"

namespace genesis::parallel {

struct Pending::State {
  State(const Call& c, std::string g) : call(c), group(std::move(g)) {}
  const Call call;
  const std::string group;
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  std::exception_ptr error;
  std::shared_ptr<CardCall> card;
  Array in, out;  // of a call on a card: held until the caller's stream waits for it

  void finish(std::exception_ptr e) {
    std::lock_guard lock(mutex);
    done = true;
    error = std::move(e);
    changed.notify_all();
  }
};

void Pending::wait() const {
  if (!state_) return;
  if (CallObserver* observer = call_observer()) observer->awaited(state_->call, state_->group);
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->done; });
  if (state_->error) std::rethrow_exception(state_->error);
  if (state_->card) state_->card->join();
}

bool Pending::done() const {
  if (!state_) return true;
  std::lock_guard lock(state_->mutex);
  return state_->done;
}

struct Communicator::Job {
  Call call;
  Array in, out;  // held until the call is done
  const void* in_data = nullptr;
  void* out_data = nullptr;
  std::shared_ptr<Pending::State> state;
  std::shared_ptr<CardCall> card;  // the arrays are on a card
  bool reads_input = false;
};

/// The communication thread and its queue; the thread starts with the first job.
struct Communicator::Worker {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> queue;
  bool busy = false, stopping = false;
  std::exception_ptr failed;  // the first error: nothing runs after it
  std::thread thread;

  void loop(Communicator& owner) {
    omp_set_num_threads(1);  // the computing threads keep their cores
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      Job job = std::move(queue.front());
      queue.pop_front();
      busy = true;
      std::exception_ptr error = failed;
      lock.unlock();
      if (!error) {
        try {
          owner.execute(job);
        } catch (...) {
          error = std::current_exception();
        }
      }
      lock.lock();
      busy = false;
      if (error) failed = error;
      changed.notify_all();
      auto state = job.state;
      job = {};  // the arrays are let go of before the waiting side goes on
      state->finish(error);
    }
  }
};

Communicator::Communicator(std::unique_ptr<Transport> transport, std::string group)
    : transport_(std::move(transport)), group_(std::move(group)), worker_(std::make_unique<Worker>()) {
  GENESIS_CHECK(transport_, "communicator '", group_, "' has no transport");
  rank_ = transport_->rank();
  size_ = transport_->size();
  const char* check = std::getenv("GENESIS_CHECK_COLLECTIVES");
  check_every_call_ = check && std::string_view(check) == "1";
}

Communicator::~Communicator() {
  {
    std::lock_guard lock(worker_->mutex);
    worker_->stopping = true;
    worker_->changed.notify_all();
  }
  if (worker_->thread.joinable()) worker_->thread.join();
}

void Communicator::set_check_every_call(bool on) { check_every_call_ = on; }

Communicator::Job Communicator::make_job(Call call, const Array& in, const Array& out, bool reads_input) {
  for (const Array* a : {&in, &out}) {
    if (!a->defined()) continue;
    GENESIS_CHECK(a->is_contiguous(), describe(call), " in group '", group_, "': the array of shape ",
                  to_string(a->shape()), " is not contiguous");
  }
  GENESIS_CHECK(call.peer >= 0 && call.peer < size_, describe(call), ": rank ", call.peer, " of a group of ",
                size_);
  call.sequence = sequence_++;
  log_.push_back({call.sequence, call.collective, call.dtype, call.count, call.bytes(), group_});
  if (log_.size() > kLogged) log_.pop_front();
  ++traffic_.calls;
  traffic_.bytes += call.bytes();
  if (CallObserver* observer = call_observer()) observer->queued(call, group_);

  Job job{call, in, out, nullptr, nullptr, nullptr, nullptr, reads_input};
  const Array& any = out.defined() ? out : in;
  if (any.defined() && any.device() == Device::cuda) job.card = std::make_shared<CardCall>();
  if (reads_input && in.numel() > 0) job.in_data = in.raw();
  if (out.defined() && out.numel() > 0) {
    job.out_data = out.raw();
    out.storage().bump_version();
  }
  return job;
}

void Communicator::execute(Job& job) {
  const ObservedCall observed(job.call, group_);
  const bool pair = job.call.collective == Collective::send || job.call.collective == Collective::recv;
  if (check_every_call_ && !pair && !transport_->checks_agreement()) {
    check_agreement(transport_->gather_calls(job.call));
  }
  if (job.card) return job.card->run(*transport_, job.call, job.in, job.out, job.reads_input);
  transport_->run(job.call, job.in_data, job.out_data);
}

Pending Communicator::submit(Job job) {
  Pending pending;
  pending.state_ = job.state = std::make_shared<Pending::State>(job.call, group_);
  if (job.card) {
    job.state->card = job.card;
    job.state->in = job.in;
    job.state->out = job.out;
    if (card_keeps_order()) {
      hand_over(job);
      return pending;
    }
  }
  std::lock_guard lock(worker_->mutex);
  worker_->queue.push_back(std::move(job));
  if (!worker_->thread.joinable()) worker_->thread = std::thread([this] { worker_->loop(*this); });
  worker_->changed.notify_all();
  return pending;
}

/// Asked with the first call on a card, when no other call of this group runs.
bool Communicator::card_keeps_order() {
  if (!card_keeps_order_) {
    wait_until_idle();
    card_keeps_order_ = transport_->moves_card_memory();
  }
  return *card_keeps_order_;
}

void Communicator::wait_until_idle() {
  std::unique_lock lock(worker_->mutex);
  worker_->changed.wait(lock, [&] { return worker_->queue.empty() && !worker_->busy; });
}

/// The threads of two groups would reach the card in an order of their own on each rank, and ranks that begin
/// with different groups' calls wait for each other for ever. This thread makes them in the same order
/// everywhere.
void Communicator::hand_over(Job& job) {
  wait_until_idle();
  std::exception_ptr error = worker_->failed;
  try {
    if (!error) execute(job);
  } catch (...) {
    error = worker_->failed = std::current_exception();
  }
  job.state->finish(error);
}

void Communicator::run_now(Job job) {
  bool idle = false;
  {
    std::lock_guard lock(worker_->mutex);
    if (worker_->failed) std::rethrow_exception(worker_->failed);
    idle = worker_->queue.empty() && !worker_->busy;
  }
  if (!idle) return submit(std::move(job)).wait();
  if (CallObserver* observer = call_observer()) observer->awaited(job.call, group_);
  try {
    execute(job);
    if (job.card) job.card->join();
  } catch (...) {
    std::lock_guard lock(worker_->mutex);
    worker_->failed = std::current_exception();
    throw;
  }
}

namespace {

Call call_on(Collective c, const Array& x, int peer = 0, ReduceOp op = ReduceOp::sum) {
  return {c, op, x.dtype(), x.numel(), peer, 0};
}

void check_parts(const Array& whole, const Array& part, int size, const char* what) {
  GENESIS_CHECK(whole.dtype() == part.dtype() && whole.numel() == part.numel() * size, what, ": ",
                whole.numel(), " x ", name_of(whole.dtype()), " is not ", size, " parts of ", part.numel(),
                " x ", name_of(part.dtype()));
}

}  // namespace

Pending Communicator::all_reduce_async(const Array& x, ReduceOp op) {
  return submit(make_job(call_on(Collective::all_reduce, x, 0, op), {}, x, false));
}

Pending Communicator::reduce_scatter_async(const Array& input, const Array& output, ReduceOp op) {
  check_parts(input, output, size_, "reduce_scatter");
  return submit(make_job(call_on(Collective::reduce_scatter, output, 0, op), input, output, true));
}

Pending Communicator::all_gather_async(const Array& input, const Array& output) {
  check_parts(output, input, size_, "all_gather");
  return submit(make_job(call_on(Collective::all_gather, input), input, output, true));
}

Pending Communicator::broadcast_async(const Array& x, int root) {
  return submit(make_job(call_on(Collective::broadcast, x, root), {}, x, false));
}

void Communicator::all_reduce(const Array& x, ReduceOp op) {
  run_now(make_job(call_on(Collective::all_reduce, x, 0, op), {}, x, false));
}

void Communicator::reduce_scatter(const Array& input, const Array& output, ReduceOp op) {
  check_parts(input, output, size_, "reduce_scatter");
  run_now(make_job(call_on(Collective::reduce_scatter, output, 0, op), input, output, true));
}

void Communicator::all_gather(const Array& input, const Array& output) {
  check_parts(output, input, size_, "all_gather");
  run_now(make_job(call_on(Collective::all_gather, input), input, output, true));
}

void Communicator::broadcast(const Array& x, int root) {
  run_now(make_job(call_on(Collective::broadcast, x, root), {}, x, false));
}

void Communicator::barrier() { run_now(make_job({}, {}, {}, false)); }

void Communicator::send(const Array& x, int to) {
  GENESIS_CHECK(to != rank_, "rank ", rank_, " sends to itself");
  run_now(make_job(call_on(Collective::send, x, to), x, {}, true));
}

void Communicator::recv(const Array& x, int from) {
  GENESIS_CHECK(from != rank_, "rank ", rank_, " receives from itself");
  run_now(make_job(call_on(Collective::recv, x, from), {}, x, false));
}

double Communicator::all_reduce_value(double value, ReduceOp op) {
  Array x = Array::full({}, value, DType::f64);
  all_reduce(x, op);
  return *x.data<double>();
}

int64_t Communicator::all_reduce_value(int64_t value, ReduceOp op) {
  Array x = Array::from<int64_t>({value}, {1});
  all_reduce(x, op);
  return *x.data<int64_t>();
}

Array Communicator::shared_buffer(Shape shape, DType dtype, Device device) {
  {
    std::lock_guard lock(worker_->mutex);
    GENESIS_CHECK(worker_->queue.empty() && !worker_->busy, "shared_buffer while calls are pending");
  }
  if (device == Device::cuda) return transport_->card_buffer(std::move(shape), dtype);
  return transport_->shared_buffer(std::move(shape), dtype);
}

std::vector<CallRecord> Communicator::log() const { return {log_.begin(), log_.end()}; }
Traffic Communicator::traffic() const { return traffic_; }

}  // namespace genesis::parallel
