// The engine of a graph's session, and what its kernels see.
#ifndef RUNHOOK_CAPI_CALL_GRAPH_ENGINE_HPP_
#define RUNHOOK_CAPI_CALL_GRAPH_ENGINE_HPP_

#include <memory>
#include <string>
#include <vector>

#include "boundary/c_call.hpp"
#include "boundary/context_base.hpp"
#include "boundary/handle_box.hpp"
#include "boundary/table.hpp"
#include "handle/guarded_session.hpp"
#include "runhook/graph.h"
#include "runhook/graph_session.hpp"
#include "runhook/thread_token.hpp"

namespace runhook::capi {

struct GraphBox final : Boxed {
  Graph graph;
  std::string name;  // of runhook_graph_node_name_at()
};
RUNHOOK_CAPI_BOX(runhook_graph, GraphBox, graph);

// The call of a kernel.
struct KernelCall final : ContextBase {
  KernelCall() noexcept : ContextBase(Role::kernel) {}
  KernelContext* kernel = nullptr;
};

// The one context that all kernels of a session use, one after the other. Sessions of one graph may run on different
// threads at a time, so it cannot belong to the node.
struct KernelCaller {
  KernelCaller() { handle.publish(call); }
  void run(KernelContext& kernel, const CFunction& function) {
    call.kernel = &kernel;
    invoke(call, handle.get(), "kernel", function.call, function.data.get());
  }
  KernelCall call;
  Lent<runhook_context> handle;
};

// The context of the session that is executing a step on this thread; NULL if there is none.
inline constinit RUNHOOK_THREAD_LOCAL KernelCaller* t_kernel_caller = nullptr;

class GraphEngine final : public CoreEngine<GraphSession> {
 public:
  explicit GraphEngine(const Graph& graph) : CoreEngine(graph) {}
  void run(SessionStep& step) {
    struct Present {
      explicit Present(KernelCaller& caller) noexcept : outer(t_kernel_caller) { t_kernel_caller = &caller; }
      ~Present() { t_kernel_caller = outer; }
      KernelCaller* const outer;
    } const present(caller_);
    CoreEngine::run(step);
  }

 private:
  KernelCaller caller_;
};

// Makes a session of the graph.
std::shared_ptr<Session> new_graph_session(const Graph& graph);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_GRAPH_ENGINE_HPP_
