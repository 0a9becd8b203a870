#include "runhook/error.hpp"

#include <gtest/gtest.h>

#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"

namespace {

using runhook::Error;
using runhook::StatusCode;
using runhook::StatusError;
using runhook_test::AllocationFailure;

TEST(Status, EveryCodeHasAName) {
  std::set<std::string_view> names;
  for (int number : {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 100, 101, 102, 103, 104, 105}) {
    EXPECT_EQ(static_cast<int>(runhook::status_from_number(number)), number);
    names.insert(runhook::status_name(static_cast<StatusCode>(number)));
  }
  EXPECT_EQ(names.size(), 23u);
  EXPECT_EQ(runhook::status_name(StatusCode::out_of_range), "OUT_OF_RANGE");
}

TEST(Status, UnknownNumberBecomesUnknown) {
  for (int number : {-1, 17, 99, 106}) EXPECT_EQ(runhook::status_from_number(number), StatusCode::unknown);
  EXPECT_EQ(runhook::status_name(static_cast<StatusCode>(17)), "UNKNOWN");
}

TEST(Error, DefaultIsNoError) {
  const Error none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.code(), StatusCode::ok);
  EXPECT_EQ(none.message(), "");
  EXPECT_EQ(none.step(), -1);
  EXPECT_EQ(none.cause(), nullptr);
  EXPECT_EQ(none.to_string(), "OK");
}

TEST(Error, MessageIsOneLine) { EXPECT_EQ(Error(StatusCode::internal, "a\nb\r\nc").message(), "a b  c"); }

TEST(Error, MessageIsOneLineWithWhatIsPutInFrontOfIt) {
  Error error(StatusCode::internal, "broken");
  error.prepend("node 'a\nb': ");
  EXPECT_EQ(error.message(), "node 'a b': broken");
}

TEST(Error, TextIsOneLineWhateverTheNameOfTheHookHolds) {
  Error error(StatusCode::internal, "it\x1B[2J");
  error.locate("mine'\nrunhook: error: forged", "after_run", 1);
  EXPECT_EQ(error.hook(), "mine'\nrunhook: error: forged");
  EXPECT_EQ(error.to_string(), "INTERNAL in after_run of hook 'mine' runhook: error: forged' at step 1: it\\x1b[2J");
}

TEST(Error, CopyIsUntouchedByChange) {
  Error one(StatusCode::internal, "boom");
  const Error two = one;
  one.locate("saver", "after_run", 7);
  one.add_suppressed(Error(StatusCode::aborted, "later"));
  one.prepend("node 'x': ");
  EXPECT_EQ(one.to_string(),
            "INTERNAL in after_run of hook 'saver' at step 7: node 'x': boom (1 more error suppressed)");
  EXPECT_EQ(two.to_string(), "INTERNAL: boom");
}

TEST(Error, LocateFillsInOnlyWhatIsUnknown) {
  Error error(StatusCode::internal, "boom");
  error.locate("first", "", -1);
  error.locate("second", "end", 3);
  error.locate("third", "begin", 9);
  EXPECT_EQ(error.hook(), "first");
  EXPECT_EQ(error.callback(), "end");
  EXPECT_EQ(error.step(), 3);
}

TEST(Error, UninitializedStaysSoWhateverIsAddedToIt) {
  const Error made = Error::uninitialized("w has no value");
  EXPECT_EQ(made.to_string(), "FAILED_PRECONDITION: w has no value");
  Error error = made;
  error.prepend("node 'loss': ");
  error.locate("hook", "before_run", 3);
  error.add_suppressed(Error(StatusCode::internal, "later"));
  EXPECT_TRUE(error.is_uninitialized());
  EXPECT_FALSE(Error(StatusCode::failed_precondition, "w has no value").is_uninitialized());
  EXPECT_FALSE(Error().is_uninitialized());
}

TEST(Error, MergeKeepsFirstAsPrimary) {
  Error error;
  error.merge(Error(StatusCode::aborted, "first"));
  error.merge(Error());
  error.merge(Error(StatusCode::internal, "second"));
  EXPECT_EQ(error.code(), StatusCode::aborted);
  ASSERT_EQ(error.suppressed_count(), 1u);
  EXPECT_EQ(error.suppressed(0).message(), "second");
  EXPECT_FALSE(error.suppressed(1));
}

TEST(Error, SuppressingItselfIsANoOp) {
  Error error(StatusCode::aborted, "first");
  const Error same = error;
  error.add_suppressed(same);
  EXPECT_EQ(error.suppressed_count(), 0u);
}

TEST(Error, SuppressedErrorsAreBoundedAndCounted) {
  Error error(StatusCode::aborted, "first");
  for (int i = 0; i < 70; ++i) error.add_suppressed(Error(StatusCode::internal, std::to_string(i)));
  EXPECT_EQ(error.suppressed_count(), Error::kMaxSuppressed);
  EXPECT_EQ(error.suppressed_dropped(), 6u);
  EXPECT_EQ(error.suppressed(63).message(), "63");
}

TEST(Error, OwnSuppressedErrorCanBeAddedAgain) {
  Error error(StatusCode::aborted, "first");
  error.add_suppressed(Error(StatusCode::internal, "a"));
  for (int i = 0; i < 10; ++i) error.add_suppressed(error.suppressed(0));
  EXPECT_EQ(error.suppressed_count(), 11u);
}

TEST(Error, FromCurrentExceptionMapsKinds) {
  const auto of = [](auto thrower) {
    try {
      thrower();
    } catch (...) {
      return Error::from_current_exception(StatusCode::hook_failed);
    }
    return Error();
  };
  const Error status = of([] { throw StatusError(StatusCode::unavailable, "gone"); });
  EXPECT_EQ(status.to_string(), "UNAVAILABLE: gone");
  EXPECT_EQ(of([] { throw std::bad_alloc(); }).code(), StatusCode::no_memory);
  EXPECT_EQ(of([] { throw std::invalid_argument("bad"); }).to_string(), "INVALID_ARGUMENT: bad");
  const Error other = of([] { throw std::runtime_error("odd"); });
  EXPECT_EQ(other.to_string(), "HOOK_FAILED: odd");
  ASSERT_NE(other.cause(), nullptr);
  EXPECT_THROW(std::rethrow_exception(other.cause()), std::runtime_error);
  const Error number = of([] { throw 42; });
  EXPECT_EQ(number.code(), StatusCode::hook_failed);
  EXPECT_THROW(std::rethrow_exception(number.cause()), int);
  EXPECT_TRUE(of([] { throw StatusError(Error()); }));
  EXPECT_TRUE(Error::from_current_exception(StatusCode::unknown));
}

TEST(Error, NoMemoryNeedsNone) {
  const auto before = runhook_test::allocations();
  {
    const AllocationFailure failure(0);
    const Error error = Error::no_memory();
    const Error copy = error;
    EXPECT_EQ(copy.code(), StatusCode::no_memory);
    EXPECT_EQ(copy.message(), "out of memory");
    Error changed = copy;
    changed.locate("hook", "begin", 1);
    changed.add_suppressed(error);
    EXPECT_EQ(changed.hook(), "");
  }
  EXPECT_EQ(runhook_test::allocations() - before, 1u);  // the attempt to locate; nothing else
  Error changed = Error::no_memory();
  changed.locate("hook", "begin", 1);
  EXPECT_EQ(changed.hook(), "hook");
  EXPECT_EQ(Error::no_memory().hook(), "");
}

TEST(Error, WithoutMemoryFallsBack) {
  const std::string text(100, 'x');
  for (std::uint64_t k = 0; k < 4; ++k) {
    const AllocationFailure failure(k, true);
    const Error error(StatusCode::internal, text);
    EXPECT_TRUE(error);
    EXPECT_EQ(error.code(), failure.failed() > 0 ? StatusCode::no_memory : StatusCode::internal);
  }
}

TEST(Error, SuppressingWithoutMemoryCounts) {
  Error error(StatusCode::internal, "first");
  const Error shared = error;
  const Error later(StatusCode::aborted, "later");
  {
    const AllocationFailure failure(0);
    error.add_suppressed(later);
  }
  EXPECT_EQ(error.suppressed_count(), 0u);
  EXPECT_EQ(error.suppressed_dropped(), 1u);
}

TEST(Error, SharedByThreadsWhileOneChangesItsCopy) {
  const Error shared(StatusCode::internal, "first");
  std::thread reader([copy = shared] {
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(copy.suppressed_count(), 0u);
  });
  Error mine = shared;
  for (int i = 0; i < 50; ++i) mine.add_suppressed(Error(StatusCode::aborted, "later"));
  reader.join();
  EXPECT_EQ(mine.suppressed_count(), 50u);
}

TEST(Error, ThreadIsPartOfItsPlaceAndIsNotReplaced) {
  Error error(StatusCode::aborted, "preempted");
  EXPECT_EQ(error.thread(), "");
  const Error before = error;
  error.locate_thread("reader");
  error.locate_thread("writer");
  error.locate_thread("");
  EXPECT_EQ(error.thread(), "reader");
  EXPECT_EQ(error.to_string(), "ABORTED in thread 'reader': preempted");
  error.locate("h", "end", 3);
  EXPECT_EQ(error.to_string(), "ABORTED in end of hook 'h' in thread 'reader' at step 3: preempted");
  EXPECT_EQ(before.thread(), "") << "copies are independent";
  Error none;
  none.locate_thread("reader");
  EXPECT_FALSE(none);
}

TEST(Error, AloneLeavesOutWhatFollowedIt) {
  Error error(StatusCode::aborted, "first");
  EXPECT_EQ(error.alone().message(), "first");
  for (std::size_t i = 0; i <= Error::kMaxSuppressed; ++i) error.add_suppressed(Error(StatusCode::internal, "later"));
  const Error alone = error.alone();
  EXPECT_EQ(alone.message(), "first");
  EXPECT_EQ(alone.suppressed_count() + alone.suppressed_dropped(), 0U);
  EXPECT_EQ(error.suppressed_dropped(), 1U);
  EXPECT_FALSE(Error().alone());
}

TEST(Error, WithoutAMessageThereIsNoColon) {
  Error error(StatusCode::aborted, "");
  EXPECT_EQ(error.to_string(), "ABORTED");
  error.locate("h", "end", 3);
  EXPECT_EQ(error.to_string(), "ABORTED in end of hook 'h' at step 3");
  error.prepend("node 'n': ");
  EXPECT_EQ(error.message(), "node 'n'");
  error.prepend("graph: ");
  EXPECT_EQ(error.message(), "graph: node 'n'");
}

TEST(StatusError, WhatSaysWhereItHappened) {
  Error error(StatusCode::aborted, "lost");
  EXPECT_STREQ(StatusError(error).what(), "ABORTED: lost");
  error.locate("h", "after_run", 7);
  const StatusError thrown(error);
  const char* const what = thrown.what();
  EXPECT_STREQ(what, "ABORTED in after_run of hook 'h' at step 7: lost");
  EXPECT_EQ(thrown.what(), what) << "as long as it lives";
  error.prepend("all is ");
  EXPECT_STREQ(thrown.what(), "ABORTED in after_run of hook 'h' at step 7: lost") << "copies are independent";
  EXPECT_STREQ(StatusError(error).what(), "ABORTED in after_run of hook 'h' at step 7: all is lost");
  EXPECT_STREQ(StatusError(Error()).what(), "OK");
  EXPECT_STREQ(StatusError(Error::no_memory()).what(), "out of memory");
}

TEST(StatusError, WhatFollowsAnErrorThatGoesOn) {
  Error error;
  {
    StatusError thrown(StatusCode::aborted, "lost");
    EXPECT_STREQ(thrown.what(), "ABORTED: lost");
    error = thrown.error();
  }
  error.locate("h", "end", 1);
  EXPECT_STREQ(StatusError(error).what(), "ABORTED in end of hook 'h' at step 1: lost");
}

TEST(StatusError, WhatIsReadByManyThreads) {
  const StatusError thrown(StatusCode::aborted, "lost");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&thrown] { EXPECT_STREQ(thrown.what(), "ABORTED: lost"); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
