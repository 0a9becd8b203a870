#include "reply.hpp"

namespace conformance {

bool Reply::holds(runhook_status code, const std::string& text) const {
  if (status == code && message.find(text) != std::string::npos) return true;
  for (const Reply& later : suppressed) {
    if (later.holds(code, text)) return true;
  }
  return false;
}

std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  out << runhook_status_name(reply.status) << " '" << reply.message << "' hook='" << reply.hook << "' callback='"
      << reply.callback << "'";
  for (const Reply& later : reply.suppressed) out << "\n  suppressed: " << later;
  return out;
}

Reply read_error(const runhook_error* error) {
  Reply reply;
  reply.status = runhook_error_code(error);
  reply.message = runhook_error_message(error);
  reply.hook = runhook_error_hook(error);
  reply.callback = runhook_error_callback(error);
  reply.step = runhook_error_step(error);
  for (std::size_t i = 0; i < runhook_error_suppressed_count(error); ++i) {
    reply.suppressed.push_back(read_error(runhook_error_suppressed_at(error, i)));
  }
  return reply;
}

void expect_status(const Reply& reply, runhook_status wanted, const char* expression, const char* file, int line) {
  if (reply.status == wanted) return;
  ADD_FAILURE_AT(file, line) << expression << "\n  gave " << reply << "\n  instead of " << runhook_status_name(wanted);
}

}  // namespace conformance
