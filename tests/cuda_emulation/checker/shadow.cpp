#include "shadow.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "fault.h"
#include "image.h"
#include "order.h"

namespace genesis::emulation {
namespace {

/// where: the code's offset in the program, bytes written so far (2 bits), atomic, bytes of this access (2).
struct Record {
  uint32_t stamp, where;
  uint32_t mask() const { return where & 3; }
  bool atomic() const { return (where & 4) != 0; }
  uint32_t written() const { return where >> 3 & 3; }
  uintptr_t code() const;
};
const uintptr_t program = image().begin;
uintptr_t Record::code() const { return program + (where >> 5); }

/// Of two bytes. Of the reads since the last write two are kept: whoever conflicts with one of them all
/// conflicts with these.
struct Cell {
  Record write, read, other;
};

/// Cells of a stretch of addresses.
struct Shadow {
  uintptr_t begin = 0;
  size_t bytes = 0;
  Cell* cells = nullptr;

  void cover(uintptr_t at, size_t size) {
    begin = at & ~uintptr_t{15};
    bytes = size + (at - begin);
    const size_t room = (bytes / 2 + 1) * sizeof(Cell);
    void* p = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
      std::perror("mmap of the checker's shadow");
      std::abort();
    }
    cells = static_cast<Cell*>(p);
  }
  bool holds(uintptr_t at) const { return at - begin < bytes; }
  Cell& of(uintptr_t at) const { return cells[(at - begin) / 2]; }
};

struct Open {
  uintptr_t end;
  uint32_t birth;  // stamps up to it were made before
};

struct Memory {
  Shadow arena, dynamic, fixed;  // device memory; dynamic and static shared memory
  size_t dynamic_bytes = 0;      // of this launch
  uint32_t block_birth = 0;      // shared memory is unwritten when a block begins
  std::map<uintptr_t, Open> open;
  struct {
    uintptr_t begin = 1, end = 0;
    uint32_t birth = 0;
  } recent[4];  // blocks found last
  unsigned next_recent = 0;
};

Memory& memory() {
  static Memory* m = [] {
    auto* made = new Memory;
    if (const Extent shared = static_shared(); shared.begin != 0)
      made->fixed.cover(shared.begin, shared.end - shared.begin);
    return made;
  }();
  return *m;
}

std::string hex(uintptr_t at) {
  char text[32];
  std::snprintf(text, sizeof(text), "0x%zx", size_t(at));
  return text;
}

std::string name_of(Access access) {
  return access == Access::read ? "read" : access == Access::write ? "write" : "atomic";
}

std::string who(const Interval& i) {
  return "block " + std::to_string(i.block) + " thread " + std::to_string(i.thread);
}

/// The access that is looked at, for reports and comparisons.
struct Doing {
  Actor* actor;  // null: a copy or a library
  Access access;
  uintptr_t code;
  bool shared;

  std::string text(uintptr_t at, size_t bytes) const {
    const std::string what = name_of(access) + " of " + std::to_string(bytes) + " bytes at " + hex(at);
    if (!actor) return name_of_work() + ": " + what;
    return name_of_work() + ": " + what + " by " + who(interval_of(actor->stamp)) + " (" + place_of(code) +
           ")";
  }
};

bool conflicts(const Record& before, const Doing& now, uint32_t mask) {
  if (before.stamp == 0 || (before.mask() & mask) == 0 || (before.atomic() && now.access == Access::atomic))
    return false;
  if (before.stamp < first_stamp()) return !now.shared && !is_before(before.stamp);
  if (!now.actor) return false;
  const Interval& i = interval_of(before.stamp);
  const Actor& a = *now.actor;
  if (i.block != a.block) return !now.shared;
  if (i.thread == a.thread || i.block_barriers < a.block_barriers) return false;
  return i.thread / 32 != a.thread / 32 || i.warp_barriers >= a.warp_barriers;
}

void report_conflict(const Record& before, const char* kind, const Doing& now, uintptr_t at, size_t bytes) {
  const bool same_work = before.stamp >= first_stamp();
  std::string text = now.text(at, bytes) + ", and " + kind;
  if (same_work)
    text += " by " + who(interval_of(before.stamp)) + " (" + place_of(before.code()) +
            "): no barrier between them";
  else
    text += " by " + name_of_work(before.stamp) + " that nobody waited for";
  if (now.shared) text += ", shared " + name_of_variable(at);
  report(same_work ? FaultKind::race : FaultKind::stream_order, now.code, before.code(), text);
}

/// Keeps two reads such that whoever conflicts with any read since the last write conflicts with one of them.
void remember_read(Cell& cell, const Record& mine, const Doing& now) {
  const Record first = cell.read, second = cell.other;
  const auto current = [](const Record& r) { return r.stamp >= first_stamp(); };
  cell.read = mine;
  if (!now.actor || !current(first)) {  // another stream's read stays beside this one
    cell.other = first.stamp != 0 && !is_before(first.stamp) ? first : Record{};
    return;
  }
  const Actor& a = *now.actor;
  const Interval& i = interval_of(first.stamp);
  const bool has_second = current(second);
  const Interval j = has_second ? interval_of(second.stamp) : Interval{};
  const bool second_elsewhere = has_second && j.block != a.block && !now.shared;
  if (i.block != a.block) {  // two blocks: any writer meets one of them
    cell.other = now.shared ? Record{} : first;
  } else if (i.block_barriers < a.block_barriers) {
    cell.other = second_elsewhere ? second : Record{};
  } else if (i.thread != a.thread && !second_elsewhere) {
    const bool second_counts = has_second && j.block == a.block && j.block_barriers == a.block_barriers;
    const bool all_of_one_warp = i.thread / 32 == a.thread / 32 && j.thread / 32 == a.thread / 32;
    const bool second_is_newer = j.thread != a.thread && j.warp_barriers > i.warp_barriers;
    const bool keeps_second =
        second_counts && i.thread / 32 == a.thread / 32 && (!all_of_one_warp || second_is_newer);
    cell.other = keeps_second ? second : first;
  }
}

/// One cell's part of an access; whether its bytes had all been written.
bool touch(Cell& cell, uint32_t mask, uint32_t birth, const Doing& now, uint32_t stamp, uintptr_t at,
           size_t bytes) {
  const uint32_t written = cell.write.stamp > birth ? cell.write.written() : 0;
  const uint32_t code = now.code != 0 ? uint32_t(now.code - program) << 5 : 0;
  const Record mine{stamp, code | (now.access == Access::atomic ? 4u : 0u) | mask};
  if (conflicts(cell.write, now, mask)) report_conflict(cell.write, "a write", now, at, bytes);
  if (now.access == Access::read) {
    if (cell.read.stamp != stamp || cell.read.mask() != mask) remember_read(cell, mine, now);
    return (written & mask) == mask;
  }
  if (conflicts(cell.read, now, mask)) report_conflict(cell.read, "a read", now, at, bytes);
  if (conflicts(cell.other, now, mask)) report_conflict(cell.other, "a read", now, at, bytes);
  cell = {{stamp, mine.where | (written | mask) << 3}, {}, {}};
  return now.access == Access::write || (written & mask) == mask;
}

/// All cells of an access; whether every byte had been written.
bool touch_all(const Shadow& shadow, uint32_t birth, const Doing& now, uint32_t stamp, uintptr_t at,
               size_t bytes) {
  bool written = true;
  const uintptr_t end = at + bytes;
  for (uintptr_t p = at & ~uintptr_t{1}; p < end; p += 2) {
    const uint32_t mask = (p >= at ? 1u : 0u) | (p + 1 < end ? 2u : 0u);
    Cell& cell = shadow.of(p);
    const bool again =
        now.access != Access::atomic && cell.write.stamp > birth && (cell.write.written() & mask) == mask &&
        ((cell.write.stamp == stamp && (cell.write.mask() & mask) == mask && cell.read.stamp == 0) ||
         (now.access == Access::read && cell.read.stamp == stamp && (cell.read.mask() & mask) == mask));
    if (again) continue;  // nothing new
    written &= touch(cell, mask, birth, now, stamp, at, bytes);
  }
  return written;
}

/// The block that holds all of [at, at + bytes); false when there is none.
bool find_open(uintptr_t at, size_t bytes, uint32_t& birth) {
  Memory& m = memory();
  for (const auto& r : m.recent) {
    if (at >= r.begin && at + bytes <= r.end) {
      birth = r.birth;
      return true;
    }
  }
  auto found = m.open.upper_bound(at);
  if (found == m.open.begin()) return false;
  --found;
  if (at + bytes > found->second.end) return false;
  birth = found->second.birth;
  m.recent[m.next_recent++ % 4] = {found->first, found->second.end, birth};
  return true;
}

/// Words for where an address lies that it should not.
std::string neighbourhood(uintptr_t at) {
  const auto& open = memory().open;
  auto after = open.upper_bound(at);
  if (after == open.begin()) return "before every block";
  --after;
  if (at < after->second.end)
    return "over the end of a block of " + std::to_string(after->second.end - after->first);
  return std::to_string(at - after->second.end) + " bytes behind a block of " +
         std::to_string(after->second.end - after->first);
}

uint32_t stamp_of(Actor& a) {
  if (a.stamp == 0) a.stamp = new_stamp({a.block, a.thread, a.block_barriers, a.warp_barriers});
  return a.stamp;
}

void forget_recent() {
  for (auto& r : memory().recent) r = {};
}

}  // namespace

void set_arena(char* begin, size_t bytes) {
  if (checking()) memory().arena.cover(reinterpret_cast<uintptr_t>(begin), bytes);
}

void set_dynamic_shared(char* begin, size_t room, size_t bytes) {
  Memory& m = memory();
  if (!m.dynamic.cells) m.dynamic.cover(reinterpret_cast<uintptr_t>(begin), room);
  m.dynamic_bytes = bytes;
}

bool is_device_memory(uintptr_t address) { return memory().arena.holds(address); }

void begin_thread_block() { memory().block_birth = new_stamp({}); }

void open_block(char* begin, size_t bytes) {
  const auto at = reinterpret_cast<uintptr_t>(begin);
  memory().open[at] = {at + bytes, new_stamp({})};
  forget_recent();
}

void close_blocks(char* begin, size_t bytes) {
  auto& open = memory().open;
  const auto at = reinterpret_cast<uintptr_t>(begin);
  open.erase(open.lower_bound(at), open.lower_bound(at + bytes));
  forget_recent();
}

bool check_access(Actor& actor, uintptr_t address, size_t bytes, Access access, uintptr_t code) {
  Memory& m = memory();
  if (m.arena.holds(address)) {
    const uint32_t stamp = stamp_of(actor);
    const Doing now{&actor, access, code, false};
    uint32_t birth = 0;
    if (!find_open(address, bytes, birth))
      report(FaultKind::outside, code, 0, now.text(address, bytes) + ", " + neighbourhood(address));
    else if (!touch_all(m.arena, birth, now, stamp, address, bytes))
      report(FaultKind::uninitialised, code, 0, now.text(address, bytes));
    return true;
  }
  const bool dynamic = m.dynamic.holds(address);
  if (!dynamic && !m.fixed.holds(address)) return false;
  Extent variable{m.dynamic.begin, m.dynamic.begin + m.dynamic_bytes};
  if (!dynamic) variable = shared_variable(address);
  if (variable.begin == 0) return false;
  const uint32_t stamp = stamp_of(actor);
  const Doing now{&actor, access, code, true};
  if (address + bytes > variable.end)
    report(FaultKind::outside, code, 0,
           now.text(address, bytes) + ", shared memory of " + std::to_string(variable.end - variable.begin) +
               " bytes" + (dynamic ? "" : ", " + name_of_variable(address)));
  else if (const Shadow& shadow = dynamic ? m.dynamic : m.fixed;
           !touch_all(shadow, m.block_birth, now, stamp, address, bytes))
    report(FaultKind::uninitialised, code, 0,
           now.text(address, bytes) + ", shared memory" + (dynamic ? "" : ", " + name_of_variable(address)));
  return true;
}

void check_range(const void* data, size_t bytes, Access access) {
  const auto at = reinterpret_cast<uintptr_t>(data);
  Memory& m = memory();
  if (!checking() || bytes == 0 || !m.arena.holds(at)) return;
  const Doing now{nullptr, access, 0, false};
  uint32_t birth = 0;
  if (!find_open(at, bytes, birth))
    report(FaultKind::outside, work_key(), 0, now.text(at, bytes) + ", " + neighbourhood(at));
  else if (!touch_all(m.arena, birth, now, whole_stamp(), at, bytes))
    report(FaultKind::uninitialised, work_key(), 0, now.text(at, bytes));
}

void check_copy(const void* dst, const void* src, size_t bytes) {
  Memory& m = memory();
  const auto to = reinterpret_cast<uintptr_t>(dst), from = reinterpret_cast<uintptr_t>(src);
  if (!checking() || bytes == 0) return;
  if (!m.arena.holds(from) || !m.arena.holds(to) || (from | to) % 2 != 0) {
    check_range(src, bytes, Access::read);
    return check_range(dst, bytes, Access::write);
  }
  uint32_t birth = 0;
  const Doing now{nullptr, Access::read, 0, false};
  if (!find_open(from, bytes, birth))
    return report(FaultKind::outside, work_key(), 0, now.text(from, bytes) + ", " + neighbourhood(from));
  (void)touch_all(m.arena, birth, now, whole_stamp(), from, bytes);
  std::vector<bool> written;
  for (size_t i = 0; i < bytes; i += 2) {
    const Cell& cell = m.arena.of(from + i);
    written.push_back(cell.write.stamp > birth && cell.write.written() != 0);
  }
  check_range(dst, bytes, Access::write);
  for (size_t i = 0; i < bytes; i += 2)
    if (!written[i / 2]) m.arena.of(to + i).write.where &= ~(3u << 3);
}

void mark_in_flight(uintptr_t address, size_t bytes) {
  Memory& m = memory();
  for (uintptr_t p = address; p < address + bytes; p += 2)
    for (const Shadow* s : {&m.dynamic, &m.fixed})
      if (s->holds(p)) s->of(p).write.where &= ~(3u << 3);
}

void forget_accesses() {
  Memory& m = memory();
  for (auto& [begin, block] : m.open) {
    for (uintptr_t p = begin; p < block.end; p += 2) {
      Cell& cell = m.arena.of(p);
      const uint32_t written = cell.write.stamp > block.birth ? cell.write.written() : 0;
      cell = {{written != 0 ? 1u : 0u, written << 3}, {}, {}};
    }
    block.birth = 0;
  }
  for (const Shadow* s : {&m.dynamic, &m.fixed})
    if (s->cells) std::fill(s->cells, s->cells + s->bytes / 2 + 1, Cell{});
  forget_recent();
}

}  // namespace genesis::emulation
