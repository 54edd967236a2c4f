// The device side of a build without CUDA: there is no card, and whoever asks for one is told so.
#ifndef GENESIS_HAS_CUDA
#include "kernels/core/check.h"
#include "kernels/core/cuda/graph.h"
#include "kernels/core/cuda/host_window.h"
#include "kernels/core/cuda/read_back.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/cuda/upload.h"

namespace genesis::cuda {

const Probe& probe() {
  static const Probe nothing{.found = "this program was built without CUDA"};
  return nothing;
}
void choose_device(int) {}
void require() { throw ConfigError("device cuda: {}", probe().found); }
CardMemory card_memory() { return {}; }
void* allocate_bytes(int64_t) {
  require();
  return nullptr;
}
void free_bytes(void*) noexcept {}
void* allocate_pinned(int64_t) {
  require();
  return nullptr;
}
void free_pinned(void*) noexcept {}
void copy_to_card(void*, const void*, int64_t) { require(); }
void copy_to_host(void*, const void*, int64_t) { require(); }
void copy_on_card(void*, const void*, int64_t) { require(); }
void zero_on_card(void*, int64_t) { require(); }
void synchronize() {}
void set_launch_blocking(bool) {}
bool launch_blocking() { return false; }
void begin_range(const char*) {}
void end_range() {}
Graph::Graph(const std::function<void()>&, const std::shared_ptr<RecordedMemory>&) { require(); }
Graph::~Graph() = default;
void Graph::launch() const {}
bool is_recording() { return false; }
struct HostWindow::State {};
HostWindow::HostWindow(int64_t) { require(); }
HostWindow::~HostWindow() = default;
void HostWindow::pass(const std::vector<Group>&, const Work&) {}
void HostWindow::wait() const {}
int64_t HostWindow::slot_bytes() const { return 0; }
Array upload(const void*, int64_t) {
  require();
  return {};
}
StreamHandle upload_stream() { return nullptr; }
struct ReadBack::State {
  Array host;
};
ReadBack::ReadBack(Shape, DType) { require(); }
ReadBack::~ReadBack() = default;
void ReadBack::start(const Array&) { require(); }
const Array& ReadBack::wait() const { return state_->host; }
Array pinned_zeros(Shape shape, DType dtype) { return Array::zeros(std::move(shape), dtype); }

}  // namespace genesis::cuda
#endif
