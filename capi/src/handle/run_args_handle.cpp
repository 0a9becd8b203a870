#include "handle/run_args_handle.hpp"

#include "boundary/text.hpp"
#include "handle/value_handle.hpp"
#include "src/base/known_names.hpp"
#include "src/value/result_number.hpp"

namespace runhook::capi {

namespace {

void append(FlatFetches::Pairs& pairs, std::size_t& leaf, const Fetches& whole, const Fetches& part,
            const std::string& path) {
  using Kind = Fetches::Kind;
  if (part.kind() == Kind::absent) return;
  if (part.kind() == Kind::leaf) {
    const std::string& name = whole.leaves()[leaf++];
    pairs.emplace_back(path.empty() ? name : path, name);
    return;
  }
  for (std::size_t i = 0; i < part.size(); ++i) {
    std::string step = path;
    if (!step.empty()) step += '/';
    step += part.kind() == Kind::map ? part.key(i) : std::to_string(i);
    append(pairs, leaf, whole, part.element(i), step);
  }
}

const Value* find_result(const Results& results, const char* key) {
  if (results.leaves().empty()) return nullptr;
  if (key == nullptr) return results.leaves().size() == 1 ? results.leaves().data() : nullptr;
  const auto path = required_text(key, "the key");
  const Fetches& structure = results.structure();
  // A lone leaf has no path; its key is its name.
  if (structure.kind() == Fetches::Kind::leaf && structure.leaves()[0] == path) return results.leaves().data();
  return results.find(path);
}

const Value& required_result(const Results& results, const char* key) {
  if (const Value* value = find_result(results, key)) return *value;
  const auto wanted = optional_text(key, "key");  // throws if it is not UTF-8
  std::string text = key == nullptr ? std::string("the key is NULL, which stands for the only result")
                                    : "there is no result '" + std::string(wanted) + "'";
  if (results.leaves().empty()) {
    text +=
        ": nothing was fetched; a hook calls runhook_context_add_fetch() in before_run, who runs a step "
        "runhook_run_args_add_fetch()";
  } else {
    FlatFetches::Pairs pairs;
    std::size_t leaf = 0;
    append(pairs, leaf, results.structure(), results.structure(), {});
    std::vector<std::string_view> keys;
    for (const auto& pair : pairs) keys.push_back(pair.first);
    text += v1::detail::known_names(wanted, keys);
  }
  throw StatusError(StatusCode::not_found, text);
}

// What a result is called: its key, or the name of the only one.
std::string_view name_at(const Results& results, const char* key) noexcept {
  if (key != nullptr) return key;
  const auto leaves = results.structure().leaves();
  return leaves.size() == 1 ? std::string_view(leaves[0]) : std::string_view();
}

}  // namespace

const FlatFetches::Pairs& FlatFetches::of(const Fetches& fetches) {
  if (!source_.same_object(fetches)) {
    Pairs pairs;
    std::size_t leaf = 0;
    append(pairs, leaf, fetches, fetches, {});
    pairs_ = std::move(pairs);
    source_ = fetches;
  }
  return pairs_;
}

const SessionRunArgs& RunArgsBox::get() {
  if (!read_only() && changed) {
    own.fetches = fetches.empty() ? Fetches() : Fetches::keyed(fetches);
    changed = false;
  }
  return *shown;
}

const FlatFetches::Pairs& RunArgsBox::pairs() { return read_only() ? flat.of(shown->fetches) : fetches; }

ResultsBox& detail::writable_results(runhook_results* handle) {
  ResultsBox& results = require_unpinned(handle);
  if (results.read_only()) throw StatusError(StatusCode::invalid_argument, "the results are borrowed");
  return results;
}

runhook_value* result_value(const Results& results, const char* key) {
  return to_handle(required_result(results, key));
}

double result_double(const Results& results, const char* key) {
  return v1::detail::result_double(results, required_result(results, key), name_at(results, key));
}

std::int64_t result_int64(const Results& results, const char* key) {
  return v1::detail::result_int64(results, required_result(results, key), name_at(results, key));
}

}  // namespace runhook::capi
