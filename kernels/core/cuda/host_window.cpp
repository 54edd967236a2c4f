#include "kernels/core/cuda/host_window.h"

#include <array>
#include <cstring>

#include "kernels/core/cuda/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/stream.h"
#include "kernels/core/memory.h"

namespace genesis::cuda {
namespace {

constexpr int64_t kAlignment = 512;

int64_t padded(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

Array pinned_zeros(Shape shape, DType dtype) {
  const int64_t bytes = numel_of(shape) * size_of(dtype);
  if (bytes == 0) return Array::zeros(std::move(shape), dtype);
  void* data = allocate_pinned(bytes);
  std::memset(data, 0, size_t(bytes));
  const MemoryCategory category = current_memory_category();
  count_outside_bytes(category, bytes);
  std::shared_ptr<void> owner(data, [category, bytes](void* p) {
    free_pinned(p);
    count_outside_bytes(category, -bytes);
  });
  return Array::borrow(data, std::move(shape), dtype, std::move(owner), Device::cpu);
}

struct HostWindow::State {
  struct Slot {
    Array room;               // u8 [slot_bytes] on the card
    Event ready, done, left;  // copied in; worked on; copied out
    bool used = false;
  };
  explicit State(int64_t bytes) {
    MemoryScope scope(MemoryCategory::workspace);
    for (Slot& s : slots) s.room = Array::empty({bytes}, DType::u8, Device::cuda);
    const Event free;  // whoever had this memory before is done with it
    free.record(current_stream());
    free.make_wait(in.handle());
  }
  Stream in, out;
  std::array<Slot, 2> slots;
  size_t next = 0;

  Group copied_in(Slot& slot, const Group& group) {
    Group on_card;
    int64_t at = 0;
    for (const Array& a : group) {
      GENESIS_CHECK(at + a.nbytes() <= slot.room.numel(), "a group of more than ", slot.room.numel(),
                    " bytes does not fit a slot");
      const int64_t first = at / size_of(a.dtype());
      const Array copy = slot.room.reinterpret(a.dtype()).slice(0, first, first + a.numel()).view(a.shape());
      if (a.nbytes() > 0)
        GENESIS_CUDA(
            cudaMemcpyAsync(copy.raw(), a.raw(), size_t(a.nbytes()), cudaMemcpyHostToDevice, in.handle()));
      on_card.push_back(copy);
      at += padded(a.nbytes());
    }
    return on_card;
  }
};

HostWindow::HostWindow(int64_t slot_bytes) : state_(std::make_unique<State>(padded(slot_bytes))) {}

HostWindow::~HostWindow() {
  // The slots go back to a pool that knows the compute stream alone.
  (void)cudaStreamSynchronize(state_->out.handle());
  (void)cudaStreamSynchronize(state_->in.handle());
}

void HostWindow::pass(const std::vector<Group>& groups, const Work& work) {
  State& s = *state_;
  for (size_t i = 0; i < groups.size(); ++i) {
    State::Slot& slot = s.slots[s.next++ % s.slots.size()];
    // Results of the pass before may still be on their way to the arrays that are read now: all of `out` so
    // far.
    for (State::Slot& other : s.slots)
      if (i == 0 && other.used) other.left.make_wait(s.in.handle());
    if (slot.used) slot.left.make_wait(s.in.handle());
    const Group on_card = s.copied_in(slot, groups[i]);
    slot.ready.record(s.in.handle());
    slot.ready.make_wait(current_stream());
    work(i, on_card);
    slot.done.record(current_stream());
    slot.done.make_wait(s.out.handle());
    for (size_t k = 0; k < groups[i].size(); ++k)
      if (const Array& a = groups[i][k]; a.nbytes() > 0)
        GENESIS_CUDA(cudaMemcpyAsync(a.raw(), on_card[k].raw(), size_t(a.nbytes()), cudaMemcpyDeviceToHost,
                                     s.out.handle()));
    slot.left.record(s.out.handle());
    slot.used = true;
  }
}

void HostWindow::wait() const { state_->out.synchronize(); }

int64_t HostWindow::slot_bytes() const { return state_->slots[0].room.numel(); }

}  // namespace genesis::cuda
