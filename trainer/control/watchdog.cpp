#include "trainer/control/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "parallel/exit_note.h"
#include "trainer/control/call_log.h"
#include "trainer/control/hang_report.h"
#include "trainer/control/progress.h"
#include "trainer/control/pulse_board.h"
#include "trainer/control/pulse_link.h"

namespace genesis::trainer {
namespace {

constexpr double kMostTick = 0.25, kLeastTick = 0.02;  // s
constexpr double kOldBeat = 0.5;      // s without a beat after which /proc is asked what the process does
constexpr double kDeputyAfter = 1.0;  // s without a beat after which the next rank of a host speaks for it
constexpr auto kLogsTake = std::chrono::seconds(2);  // at most: the disk may be what hangs
constexpr double kFarPatience = 2.0;                 // s by which other hosts wait longer than rank 0's

double seconds_between(int64_t from_ns, int64_t to_ns) { return double(to_ns - from_ns) * 1e-9; }

/// stderr without stdio: whoever holds its lock may be stuck.
void write_error(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const ssize_t n = ::write(STDERR_FILENO, text.data() + at, text.size() - at);
    if (n <= 0) return;
    at += size_t(n);
  }
}

}  // namespace

struct Watchdog::State {
  State(const WatchdogOptions& o, PulseBoard b, const parallel::LauncherInfo& l)
      : options(o), board(std::move(b)), launcher(l), log(board.own()), judge(o.limits) {}

  void start();
  void stop();
  void loop();
  void tick(double dt);
  void collect(double dt);
  void talk(double dt);
  bool another_speaks(const Verdict& verdict, double dt);
  bool alive_here(int local_rank) const;
  void write_logs() const;
  [[noreturn]] void report(const std::vector<Finding>& findings);
  [[noreturn]] void follow();
  double tick_seconds() const { return std::clamp(options.limits.hang / 20, kLeastTick, kMostTick); }

  WatchdogOptions options;
  PulseBoard board;
  parallel::LauncherInfo launcher;
  CallLog log;
  HangJudge judge;

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::unique_ptr<PulseServer> server;  // rank 0 of several hosts
  std::optional<LinkAddress> address;   // other hosts: where it is
  std::unique_ptr<PulseClient> client;  // the leader of another host
  std::thread thread;

  // The thread's own.
  struct Seen {
    uint64_t beat = 0;
    double silent = 0;
  };
  std::vector<Seen> seen;        // [ranks of this host]
  std::vector<PulseView> views;  // ranks of this host, then what came from others
  std::vector<bool> far;         // [views]
  double held_back = 0;          // s for which a hang was seen and left to rank 0
  uint64_t answers = 0;
  double unanswered = 0;  // s since rank 0 answered this host
};

void Watchdog::State::start() {
  Pulse& own = board.own();
  ::gethostname(own.host.data(), own.host.size() - 1);
  own.rank = launcher.rank;
  own.process = int32_t(::getpid());
  own.phase = Phase::start;
  own.beat.store(1, std::memory_order_release);
  set_own_pulse(&own);
  parallel::set_call_observer(&log);
  sigset_t all, before;  // signals are for the thread that works
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this] { loop(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Watchdog::State::stop() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
    changed.notify_all();
  }
  thread.join();
  note_phase(Phase::gone);
  parallel::set_call_observer(nullptr);
  set_own_pulse(nullptr);
  board.unlink();
}

void Watchdog::State::loop() {
  const auto period = std::chrono::duration<double>(tick_seconds());
  int64_t last = monotonic_ns();
  std::unique_lock lock(mutex);
  while (!stopping) {
    changed.wait_for(lock, period);
    const int64_t now = monotonic_ns();
    // Time in which this process did not run itself is no evidence against others.
    tick(std::min(seconds_between(last, now), 2 * tick_seconds()));
    last = now;
  }
}

void Watchdog::State::tick(double dt) {
  board.own().beat.fetch_add(1, std::memory_order_release);
  if (board.own().phase == Phase::gone) return;
  if (board.reported()) follow();
  collect(dt);
  talk(dt);
  const auto verdict = judge.look(views, dt, far);
  if (!verdict) {
    held_back = 0;
    return;
  }
  if (another_speaks(*verdict, dt)) return;
  if (board.claim_report()) report(verdict->findings);
  follow();
}

void Watchdog::State::collect(double dt) {
  const auto pulses = board.pulses();
  seen.resize(pulses.size());
  views.assign(pulses.size(), {});
  far.assign(pulses.size(), false);
  for (size_t i = 0; i < pulses.size(); ++i) {
    views[i] = view_of(pulses[i]);
    seen[i].silent = views[i].beat != seen[i].beat ? 0 : seen[i].silent + dt;
    seen[i].beat = views[i].beat;
    if (views[i].beat > 0 && seen[i].silent > kOldBeat)
      views[i].process_state = process_state(views[i].process);
    if (views[i].beat == 0 && seen[i].silent > kOldBeat) {
      const Sibling sibling = sibling_of_local_rank(int(i));
      if (sibling.process == 0) continue;
      views[i].process = sibling.process;
      views[i].rank = sibling.rank;
      views[i].host = board.own().host;
      views[i].process_state = process_state(sibling.process);
    }
  }
}

void Watchdog::State::talk(double dt) {
  if (server) {
    server->poll(false);
    for (const auto& [rank, view] : server->views()) {
      views.push_back(view);
      far.push_back(true);
    }
    return;
  }
  if (!address) return;
  for (int i = 0; i < board.local_rank(); ++i)
    if (alive_here(i)) return;  // it carries this host's pulses
  if (!client) client = std::make_unique<PulseClient>(*address);
  client->poll(views);
  if (client->verdict()) follow();
  unanswered = client->answers() != answers ? 0 : unanswered + dt;
  answers = client->answers();
  if (answers == 0) return;
  PulseView host;  // rank 0 as this host sees it: its heart beats while it answers
  host.beat = answers;
  host.phase = board.own().phase;
  host.rank = 0;
  std::strncpy(host.host.data(), "of rank 0", host.host.size() - 1);
  views.push_back(host);
  far.push_back(true);
}

bool Watchdog::State::alive_here(int local_rank) const {
  const size_t i = size_t(local_rank);
  return views[i].beat > 0 && views[i].phase != Phase::gone && seen[i].silent < kDeputyAfter;
}

/// Whether the report is left to somebody who knows more: the ranks before this one on its host, and rank 0.
bool Watchdog::State::another_speaks(const Verdict& verdict, double dt) {
  for (int i = 0; i < board.local_rank(); ++i)
    if (alive_here(i)) return true;
  if (!address) return false;
  // Without a link this host does not know what the ranks it waits for are doing.
  if (answers == 0) return !verdict.by_silence;
  held_back += dt;
  return unanswered < kDeputyAfter || held_back <= kFarPatience;
}

/// The calls of this host's ranks, as far as the disk takes them in time.
void Watchdog::State::write_logs() const {
  std::promise<void> promise;
  const std::future<void> written = promise.get_future();
  std::thread([this, promise = std::move(promise)]() mutable {  // this: lives until the process ends
    write_call_logs(options.report_folder, board.pulses());
    promise.set_value();
  })
      .detach();
  written.wait_for(kLogsTake);
}

void Watchdog::State::report(const std::vector<Finding>& findings) {
  std::string text =
      launcher.size > 1 ? fmt::format("rank {}: error: ", launcher.rank) : std::string("error: ");
  text += hang_report(findings);
  text += fmt::format("\n      the last collectives of each rank: {}\n",
                      (options.report_folder / "rank-*.txt").string());
  write_error(text);
  parallel::note_exit_code(int(ExitCode::hang));
  if (server) server->poll(true);
  write_logs();
  board.finish_report();
  board.unlink();
  ::_exit(int(ExitCode::hang));
}

void Watchdog::State::follow() {
  if (board.claim_report()) {  // the verdict came from another host: this one's calls are still to be written
    write_logs();
    board.finish_report();
  }
  parallel::note_exit_code(int(ExitCode::hang));
  for (int i = 0; i < 300 && !board.report_written(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  board.unlink();
  ::_exit(int(ExitCode::hang));
}

std::unique_ptr<Watchdog> Watchdog::start(const WatchdogOptions& options,
                                          const parallel::LauncherInfo& launcher) {
  if (launcher.size <= 1 || options.limits.hang <= 0) return nullptr;
  auto board = PulseBoard::join(launcher);
  if (!board) return nullptr;
  auto state = std::make_unique<State>(options, std::move(*board), launcher);
  state->start();
  return std::unique_ptr<Watchdog>(new Watchdog(std::move(state)));
}

Watchdog::Watchdog(std::unique_ptr<State> state) : state_(std::move(state)) {}

Watchdog::~Watchdog() { state_->stop(); }

void Watchdog::connect(parallel::Communicator& world) {
  const Pulse& own = state_->board.own();
  Array name = Array::zeros({int64_t(own.host.size())}, DType::u8);
  Array names = Array::zeros({world.size(), int64_t(own.host.size())}, DType::u8);
  std::memcpy(name.raw(), own.host.data(), own.host.size());
  world.all_gather(name, names);
  // Everyone is here: the name is not needed any more.
  state_->board.unlink();
  const auto* rows = names.data<uint8_t>();
  bool several = false, with_rank_0 = false;
  for (int r = 0; r < world.size(); ++r)
    several = several || std::memcmp(rows, rows + r * int64_t(own.host.size()), own.host.size()) != 0;
  with_rank_0 = std::memcmp(rows, own.host.data(), own.host.size()) == 0;
  if (!several) return;
  std::unique_ptr<PulseServer> server;
  Array link = Array::zeros({int64_t(sizeof(LinkAddress))}, DType::u8);
  if (world.rank() == 0) {
    server = std::make_unique<PulseServer>();
    std::memcpy(link.raw(), &server->address(), sizeof(LinkAddress));
  }
  world.broadcast(link, 0);
  LinkAddress address;
  std::memcpy(&address, link.raw(), sizeof address);
  std::lock_guard lock(state_->mutex);
  state_->server = std::move(server);
  if (!with_rank_0) state_->address = address;
}

}  // namespace genesis::trainer
