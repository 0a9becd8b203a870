#include "runhook/trigger.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {

namespace {

constexpr std::int64_t kNever = Trigger::kNever;
constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::min();

using detail::refuse;

// Numbers to be read one after the other.
class Numbers {
 public:
  explicit Numbers(std::span<const std::int64_t> numbers) noexcept : numbers_(numbers) {}
  std::int64_t take() {
    if (at_ == numbers_.size()) refuse("the state is not that of a trigger that is made alike");
    return numbers_[at_++];
  }
  bool at_end() const noexcept { return at_ == numbers_.size(); }

 private:
  std::span<const std::int64_t> numbers_;
  std::size_t at_ = 0;
};

}  // namespace

// The defaults are for a rule that remembers nothing and may be due in every run.
class Trigger::Rule {
 public:
  virtual ~Rule() = default;
  virtual std::unique_ptr<Rule> clone() const = 0;
  virtual bool due(const TriggerPoint& point) const = 0;
  virtual Next next(std::int64_t step) const noexcept { return {step, kNever}; }
  virtual bool uses_time() const noexcept { return false; }
  virtual bool uses_last() const noexcept { return false; }
  virtual void fired(const TriggerPoint&) {}
  virtual void passed(const TriggerPoint&) {}
  virtual void rewind(std::int64_t) {}
  virtual void reset() {}
  virtual void save(std::vector<std::int64_t>&, std::int64_t) const {}
  virtual void load(Numbers&, std::int64_t) {}
};

namespace {

using Rule = Trigger::Rule;
using Next = Trigger::Next;

constexpr Next kNoMore{kNever, kNever};

template <class Self>
class Cloneable : public Rule {
 public:
  std::unique_ptr<Rule> clone() const override { return std::make_unique<Self>(static_cast<const Self&>(*this)); }
};

class EverySteps final : public Cloneable<EverySteps> {
 public:
  explicit EverySteps(std::int64_t steps) noexcept : steps_(steps) {}
  bool due(const TriggerPoint& point) const override { return point.step >= from(); }
  Next next(std::int64_t) const noexcept override { return {from(), kNever}; }
  void fired(const TriggerPoint& point) override { last_ = point.step; }
  void rewind(std::int64_t step) override {
    if (last_ && *last_ > step) last_ = step;
  }
  void reset() override { last_.reset(); }
  void save(std::vector<std::int64_t>& out, std::int64_t) const override {
    out.push_back(last_ ? 1 : 0);
    out.push_back(last_.value_or(0));
  }
  void load(Numbers& in, std::int64_t) override {
    const bool known = in.take() != 0;
    const std::int64_t last = in.take();
    last_ = known ? std::optional(last) : std::nullopt;
  }

 private:
  std::int64_t from() const noexcept { return last_ ? detail::saturating_add(*last_, steps_) : kAlways; }
  std::int64_t steps_;
  std::optional<std::int64_t> last_;
};

class EveryRuns final : public Cloneable<EveryRuns> {
 public:
  explicit EveryRuns(std::int64_t runs) noexcept : runs_(runs) {}
  bool due(const TriggerPoint& point) const override { return point.run >= from(); }
  Next next(std::int64_t) const noexcept override { return {kNever, kNever, from()}; }
  void fired(const TriggerPoint& point) override { last_ = point.run; }
  void reset() override { last_.reset(); }
  void load(Numbers&, std::int64_t) override { last_.reset(); }  // another session's runs

 private:
  std::int64_t from() const noexcept { return last_ ? detail::saturating_add(*last_, runs_) : kAlways; }
  std::int64_t runs_;
  std::optional<std::int64_t> last_;
};

class EveryNs final : public Cloneable<EveryNs> {
 public:
  explicit EveryNs(std::int64_t ns) noexcept : ns_(ns) {}
  bool due(const TriggerPoint& point) const override { return point.time_ns >= from(); }
  Next next(std::int64_t) const noexcept override { return {kNever, from()}; }
  bool uses_time() const noexcept override { return true; }
  void fired(const TriggerPoint& point) override { last_ = point.time_ns; }
  void reset() override { last_.reset(); }
  // The time that has passed, not the point in time, since the clock of another process begins elsewhere.
  void save(std::vector<std::int64_t>& out, std::int64_t now_ns) const override {
    out.push_back(last_ ? 1 : 0);
    out.push_back(last_ ? detail::saturating_distance(*last_, now_ns) : 0);
  }
  void load(Numbers& in, std::int64_t now_ns) override {
    const bool known = in.take() != 0;
    const std::int64_t passed = in.take();
    last_ = known ? std::optional(detail::saturating_add(now_ns, -std::max<std::int64_t>(passed, 0))) : std::nullopt;
  }

 private:
  std::int64_t from() const noexcept { return last_ ? detail::saturating_add(*last_, ns_) : kAlways; }
  std::int64_t ns_;
  std::optional<std::int64_t> last_;
};

class AtSteps final : public Cloneable<AtSteps> {
 public:
  explicit AtSteps(std::vector<std::int64_t> steps) : steps_(std::move(steps)) {
    std::sort(steps_.begin(), steps_.end());
  }
  bool due(const TriggerPoint& point) const override { return point.step >= from(); }
  Next next(std::int64_t) const noexcept override { return {from(), kNever}; }
  void fired(const TriggerPoint& point) override {
    while (next_ < steps_.size() && steps_[next_] <= point.step) ++next_;
  }
  void rewind(std::int64_t step) override {
    while (next_ > 0 && steps_[next_ - 1] >= step) --next_;
  }
  void reset() override { next_ = 0; }
  void save(std::vector<std::int64_t>& out, std::int64_t) const override {
    out.push_back(static_cast<std::int64_t>(next_));
  }
  void load(Numbers& in, std::int64_t) override {
    const std::int64_t next = in.take();
    if (next < 0 || static_cast<std::uint64_t>(next) > steps_.size()) {
      refuse("the state is not that of a trigger that is made alike");
    }
    next_ = static_cast<std::size_t>(next);
  }

 private:
  std::int64_t from() const noexcept { return next_ < steps_.size() ? steps_[next_] : kNever; }
  std::vector<std::int64_t> steps_;
  std::size_t next_ = 0;
};

class Window final : public Cloneable<Window> {
 public:
  Window(std::int64_t from, std::int64_t before) noexcept : from_(from), before_(before) {}
  bool due(const TriggerPoint& point) const override { return point.step >= from_ && point.step < before_; }
  Next next(std::int64_t step) const noexcept override {
    return step < before_ ? Next{std::max(step, from_), kNever} : kNoMore;
  }

 private:
  std::int64_t from_;
  std::int64_t before_;
};

class First final : public Cloneable<First> {
 public:
  explicit First(bool again) noexcept : again_(again) {}
  bool due(const TriggerPoint&) const override { return !at_; }
  Next next(std::int64_t step) const noexcept override { return at_ ? kNoMore : Next{step, kNever}; }
  void fired(const TriggerPoint& point) override {
    if (!at_) at_ = point.step;
  }
  void rewind(std::int64_t step) override {
    if (again_ && at_ && step <= *at_) at_.reset();
  }
  void reset() override { at_.reset(); }
  void save(std::vector<std::int64_t>& out, std::int64_t) const override {
    out.push_back(at_ ? 1 : 0);
    out.push_back(at_.value_or(0));
  }
  void load(Numbers& in, std::int64_t) override {
    const bool known = in.take() != 0;
    const std::int64_t at = in.take();
    at_ = known ? std::optional(at) : std::nullopt;
  }

 private:
  bool again_;
  std::optional<std::int64_t> at_;
};

class Last final : public Cloneable<Last> {
 public:
  bool due(const TriggerPoint& point) const override { return point.last; }
  Next next(std::int64_t) const noexcept override { return kNoMore; }
  bool uses_last() const noexcept override { return true; }
};

class Never final : public Cloneable<Never> {
 public:
  bool due(const TriggerPoint&) const override { return false; }
  Next next(std::int64_t) const noexcept override { return kNoMore; }
};

class Predicate final : public Cloneable<Predicate> {
 public:
  explicit Predicate(std::function<bool(const TriggerPoint&)> predicate) : predicate_(std::move(predicate)) {}
  bool due(const TriggerPoint& point) const override { return predicate_(point); }
  bool uses_time() const noexcept override { return true; }
  bool uses_last() const noexcept override { return true; }

 private:
  std::function<bool(const TriggerPoint&)> predicate_;
};

// What it takes to see that a rule is not due yet: nothing for steps, which are counted anyway.
enum class Price : std::uint8_t { steps, runs, clock };

Price price(const Next& next) noexcept {
  if (next.time_ns != kNever) return Price::clock;
  return next.run != kNever ? Price::runs : Price::steps;
}

// Of two rules that both have to be due either says the truth. The one that costs less to ask counts, or else the one
// that is due later.
const Next& rather(const Next& a, const Next& b) noexcept {
  if (price(a) != price(b)) return price(a) < price(b) ? a : b;
  switch (price(a)) {
    case Price::clock:
      return a.time_ns < b.time_ns ? b : a;
    case Price::runs:
      return a.run < b.run ? b : a;
    case Price::steps:
      break;
  }
  return a.step < b.step ? b : a;
}

enum class Connective : std::uint8_t { conjunction, disjunction };

class Both final : public Rule {
 public:
  Both(Connective how, std::unique_ptr<Rule> a, std::unique_ptr<Rule> b) noexcept
      : how_(how), a_(std::move(a)), b_(std::move(b)) {}
  std::unique_ptr<Rule> clone() const override { return std::make_unique<Both>(how_, a_->clone(), b_->clone()); }
  bool due(const TriggerPoint& point) const override {
    const bool a = a_->due(point);
    const bool b = b_->due(point);  // even if `a` decides: a predicate is called in every run
    return how_ == Connective::conjunction ? a && b : a || b;
  }
  Next next(std::int64_t step) const noexcept override {
    const Next a = a_->next(step);
    const Next b = b_->next(step);
    if (how_ == Connective::disjunction) {
      return {std::min(a.step, b.step), std::min(a.time_ns, b.time_ns), std::min(a.run, b.run)};
    }
    if (a.step <= step || b.step <= step) return a.step <= step ? b : a;
    return rather(a, b);
  }
  bool uses_time() const noexcept override { return a_->uses_time() || b_->uses_time(); }
  bool uses_last() const noexcept override { return a_->uses_last() || b_->uses_last(); }
  void fired(const TriggerPoint& point) override {
    a_->fired(point);
    b_->fired(point);
  }
  void passed(const TriggerPoint& point) override {
    a_->passed(point);
    b_->passed(point);
  }
  void rewind(std::int64_t step) override {
    a_->rewind(step);
    b_->rewind(step);
  }
  void reset() override {
    a_->reset();
    b_->reset();
  }
  void save(std::vector<std::int64_t>& out, std::int64_t now_ns) const override {
    a_->save(out, now_ns);
    b_->save(out, now_ns);
  }
  void load(Numbers& in, std::int64_t now_ns) override {
    a_->load(in, now_ns);
    b_->load(in, now_ns);
  }

 private:
  Connective how_;
  std::unique_ptr<Rule> a_;
  std::unique_ptr<Rule> b_;
};

// May be due in every run, as far as next() can tell: it is not known for how long the other rule will be due.
class Not final : public Rule {
 public:
  explicit Not(std::unique_ptr<Rule> rule) noexcept : rule_(std::move(rule)) {}
  std::unique_ptr<Rule> clone() const override { return std::make_unique<Not>(rule_->clone()); }
  bool due(const TriggerPoint& point) const override { return !rule_->due(point); }
  bool uses_time() const noexcept override { return rule_->uses_time(); }
  bool uses_last() const noexcept override { return rule_->uses_last(); }
  // This rule was due, so the other was not, and must not count from this run.
  void fired(const TriggerPoint& point) override { rule_->passed(point); }
  void rewind(std::int64_t step) override { rule_->rewind(step); }
  void reset() override { rule_->reset(); }
  void save(std::vector<std::int64_t>& out, std::int64_t now_ns) const override { rule_->save(out, now_ns); }
  void load(Numbers& in, std::int64_t now_ns) override { rule_->load(in, now_ns); }

 private:
  std::unique_ptr<Rule> rule_;
};

// Has the other rule count from the first run, as if it had been due in the run before that.
class AfterFirst final : public Rule {
 public:
  AfterFirst(std::unique_ptr<Rule> rule, bool begun) noexcept : rule_(std::move(rule)), begun_(begun) {}
  std::unique_ptr<Rule> clone() const override { return std::make_unique<AfterFirst>(rule_->clone(), begun_); }
  bool due(const TriggerPoint& point) const override {
    const bool due = rule_->due(point);  // even before it has begun: a predicate is called in every run
    return begun_ && due;
  }
  Next next(std::int64_t step) const noexcept override { return begun_ ? rule_->next(step) : Next{step, kNever}; }
  bool uses_time() const noexcept override { return rule_->uses_time(); }
  bool uses_last() const noexcept override { return rule_->uses_last(); }
  void fired(const TriggerPoint& point) override { begun_ ? rule_->fired(point) : passed(point); }
  void passed(const TriggerPoint& point) override {
    if (begun_) return rule_->passed(point);
    begun_ = true;
    rule_->fired({detail::saturating_add(point.step, -1), point.time_ns, false, detail::saturating_add(point.run, -1)});
  }
  void rewind(std::int64_t step) override { rule_->rewind(step); }
  void reset() override {
    begun_ = false;
    rule_->reset();
  }
  void save(std::vector<std::int64_t>& out, std::int64_t now_ns) const override {
    out.push_back(begun_ ? 1 : 0);
    rule_->save(out, now_ns);
  }
  void load(Numbers& in, std::int64_t now_ns) override {
    begun_ = in.take() != 0;
    rule_->load(in, now_ns);
  }

 private:
  std::unique_ptr<Rule> rule_;
  bool begun_;
};

std::unique_ptr<Rule> always() { return std::make_unique<Window>(kAlways, kNever); }

void check_positive(std::int64_t number, std::string_view what) {
  if (number <= 0) refuse(fmt::format("{} is not positive: {}", what, number));
}

}  // namespace

Trigger::Trigger() = default;
Trigger::~Trigger() = default;
Trigger::Trigger(std::unique_ptr<Rule> rule) noexcept : rule_(std::move(rule)) {}
Trigger::Trigger(const Trigger& other) : rule_(other.rule_ != nullptr ? other.rule_->clone() : nullptr) {}
Trigger::Trigger(Trigger&&) noexcept = default;
Trigger& Trigger::operator=(const Trigger& other) { return *this = Trigger(other); }
Trigger& Trigger::operator=(Trigger&&) noexcept = default;

Trigger Trigger::every_steps(std::int64_t steps) {
  check_positive(steps, "the number of steps");
  return Trigger(std::make_unique<EverySteps>(steps));
}

Trigger Trigger::every_runs(std::int64_t runs) {
  check_positive(runs, "the number of runs");
  return Trigger(std::make_unique<EveryRuns>(runs));
}

Trigger Trigger::every_ns(std::int64_t ns) {
  check_positive(ns, "the interval in nanoseconds");
  return Trigger(std::make_unique<EveryNs>(ns));
}

Trigger Trigger::every_seconds(double seconds) {
  constexpr double kMostSeconds = 9e9;  // what fits into the nanoseconds
  if (!(seconds > 0)) refuse(fmt::format("the interval in seconds is not positive: {}", seconds));
  const double ns = std::min(seconds, kMostSeconds) * static_cast<double>(detail::kNsPerSecond);
  return every_ns(std::max<std::int64_t>(1, std::llround(ns)));
}

Trigger Trigger::every(std::int64_t steps, std::int64_t ns) { return every_steps(steps) || every_ns(ns); }

Trigger Trigger::at_steps(std::vector<std::int64_t> steps) {
  if (steps.empty()) refuse("there are no steps to be due at");
  return Trigger(std::make_unique<AtSteps>(std::move(steps)));
}

Trigger Trigger::from_step(std::int64_t step) { return Trigger(std::make_unique<Window>(step, kNever)); }
Trigger Trigger::before_step(std::int64_t step) { return Trigger(std::make_unique<Window>(kAlways, step)); }

Trigger Trigger::within(std::int64_t from_step, std::int64_t before_step) {
  if (from_step >= before_step) refuse(fmt::format("the window from {} to before {} is empty", from_step, before_step));
  return Trigger(std::make_unique<Window>(from_step, before_step));
}

Trigger Trigger::first() { return Trigger(std::make_unique<First>(/*again=*/true)); }
Trigger Trigger::once() { return Trigger(std::make_unique<First>(/*again=*/false)); }
Trigger Trigger::last() { return Trigger(std::make_unique<Last>()); }
Trigger Trigger::never() { return Trigger(std::make_unique<Never>()); }

Trigger Trigger::when(std::function<bool(const TriggerPoint&)> predicate) {
  if (!predicate) refuse("there is no predicate");
  return Trigger(std::make_unique<Predicate>(std::move(predicate)));
}

std::unique_ptr<Trigger::Rule> Trigger::rule() const { return rule_ != nullptr ? rule_->clone() : always(); }

Trigger operator&&(const Trigger& a, const Trigger& b) {
  return Trigger(std::make_unique<Both>(Connective::conjunction, a.rule(), b.rule()));
}

Trigger operator||(const Trigger& a, const Trigger& b) {
  return Trigger(std::make_unique<Both>(Connective::disjunction, a.rule(), b.rule()));
}

Trigger operator!(const Trigger& a) { return Trigger(std::make_unique<Not>(a.rule())); }

Trigger Trigger::after_first() const { return Trigger(std::make_unique<AfterFirst>(rule(), /*begun=*/false)); }

bool Trigger::is_always() const noexcept { return rule_ == nullptr; }
bool Trigger::uses_time() const noexcept { return rule_ != nullptr && rule_->uses_time(); }
bool Trigger::uses_last() const noexcept { return rule_ != nullptr && rule_->uses_last(); }
bool Trigger::due(const TriggerPoint& point) const { return rule_ == nullptr || rule_->due(point); }
Trigger::Next Trigger::next(std::int64_t step) const noexcept {
  return rule_ != nullptr ? rule_->next(step) : Next{step, kNever};
}

void Trigger::fired(const TriggerPoint& point) {
  if (rule_ != nullptr) rule_->fired(point);
}

void Trigger::passed(const TriggerPoint& point) {
  if (rule_ != nullptr) rule_->passed(point);
}

void Trigger::rewind(std::int64_t step) {
  if (rule_ != nullptr) rule_->rewind(step);
}

void Trigger::reset() {
  if (rule_ != nullptr) rule_->reset();
}

std::string Trigger::state(std::int64_t now_ns) const {
  std::vector<std::int64_t> numbers;
  if (rule_ != nullptr) rule_->save(numbers, now_ns);
  std::string text;
  for (const std::int64_t number : numbers) detail::append_format(text, "{}{}", text.empty() ? "" : " ", number);
  return text;
}

void Trigger::restore(std::string_view state, std::int64_t now_ns) {
  std::vector<std::int64_t> numbers;
  for (const char *at = state.data(), *const end = at + state.size(); at != end;) {
    if (*at == ' ') {
      ++at;
      continue;
    }
    std::int64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) refuse("the state of a trigger is not a line of numbers");
    numbers.push_back(number);
    at = next;
  }
  Numbers in(numbers);
  std::unique_ptr<Rule> restored;
  if (rule_ != nullptr) {
    restored = rule_->clone();
    restored->load(in, now_ns);
  }
  if (!in.at_end()) refuse("the state is not that of a trigger that is made alike");
  rule_ = std::move(restored);
}

}  // namespace runhook::inline v1
