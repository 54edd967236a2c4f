// Calls on card memory in a build without CUDA: there is none, so nobody can make one.
#ifndef GENESIS_HAS_CUDA
#include "kernels/core/cuda/runtime.h"
#include "parallel/card_transfer.h"
#include "parallel/nccl_transport.h"
#include "parallel/nccl_version.h"

namespace genesis::parallel {

struct CardCall::State {};
CardCall::CardCall() { cuda::require(); }
CardCall::~CardCall() = default;
void CardCall::run(Transport&, const Call&, const Array&, const Array&, bool) {}
void CardCall::join() const {}

std::unique_ptr<Transport> with_nccl(std::unique_ptr<Transport> host) { return host; }
std::string nccl_version() { return ""; }

}  // namespace genesis::parallel
#endif
