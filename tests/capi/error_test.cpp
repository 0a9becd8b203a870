#include "checks.hpp"

namespace {

using runhook_test::Caught;
class CError : public runhook_test::NoHandlesLeft {};

TEST_F(CError, FailureSetsAnOwnedErrorWithCodeAndMessage) {
  Caught caught;
  EXPECT_EQ(runhook_check_version(RUNHOOK_VERSION + 100, caught.out()), RUNHOOK_ERR_UNIMPLEMENTED);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_UNIMPLEMENTED);
  EXPECT_NE(caught.message().find("1.1.0"), std::string::npos) << caught.message();
  EXPECT_STREQ(runhook_error_hook(caught.get()), "");
  EXPECT_STREQ(runhook_error_callback(caught.get()), "");
  EXPECT_STREQ(runhook_error_thread(caught.get()), "");
  EXPECT_EQ(runhook_error_step(caught.get()), -1);
  EXPECT_EQ(runhook_error_suppressed_count(caught.get()), 0U);
  EXPECT_EQ(runhook_error_suppressed_at(caught.get(), 0), nullptr);
  EXPECT_EQ(runhook_error_suppressed_dropped(caught.get()), 0U);
  EXPECT_EQ(std::string(runhook_error_to_string(caught.get())), "UNIMPLEMENTED: " + caught.message());
}

TEST_F(CError, SuccessSetsNull) {
  auto* error = reinterpret_cast<runhook_error*>(1);
  EXPECT_EQ(runhook_check_version(RUNHOOK_VERSION, &error), RUNHOOK_OK);
  EXPECT_EQ(error, nullptr);
}

TEST_F(CError, OutParameterMayBeNull) {
  EXPECT_EQ(runhook_check_version(RUNHOOK_VERSION + 10000, nullptr), RUNHOOK_ERR_UNIMPLEMENTED);
}

TEST_F(CError, HandleThatIsNoErrorGivesNeutralValues) {
  runhook_value* value = runhook_value_create_double(1, nullptr);
  for (auto* error :
       {static_cast<runhook_error*>(nullptr), reinterpret_cast<runhook_error*>(value),
        reinterpret_cast<runhook_error*>(uintptr_t{0x1234}), reinterpret_cast<runhook_error*>(~uintptr_t{0})}) {
    EXPECT_EQ(runhook_error_code(error), error == nullptr ? RUNHOOK_OK : RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_STREQ(runhook_error_message(error), "");
    EXPECT_STREQ(runhook_error_hook(error), "");
    EXPECT_STREQ(runhook_error_callback(error), "");
    EXPECT_STREQ(runhook_error_thread(error), "");
    EXPECT_STREQ(runhook_error_to_string(error), "");
    EXPECT_EQ(runhook_error_step(error), -1);
    EXPECT_EQ(runhook_error_suppressed_at(error, 0), nullptr);
    runhook_error_destroy(error);
  }
  runhook_value_destroy(value);
}

TEST_F(CError, DestroyedTwiceIsLeftAlone) {
  runhook_error* error = nullptr;
  runhook_check_version(0, &error);
  runhook_error_destroy(error);
  runhook_error_destroy(error);
  EXPECT_EQ(runhook_error_code(error), RUNHOOK_ERR_INVALID_ARGUMENT);
}

// What an error of the code looks like when there was no memory to describe it: slot 0, the code for a generation.
TEST_F(CError, ErrorWithoutMemoryHasItsCode) {
  const auto bare = [](runhook_status code) {
    return reinterpret_cast<runhook_error*>((static_cast<uintptr_t>(code) + 1) << 24);
  };
  EXPECT_EQ(runhook_error_code(bare(RUNHOOK_ERR_NO_MEMORY)), RUNHOOK_ERR_NO_MEMORY);
  EXPECT_STREQ(runhook_error_message(bare(RUNHOOK_ERR_NO_MEMORY)), "out of memory");
  EXPECT_EQ(runhook_error_code(bare(RUNHOOK_ERR_STOPPED)), RUNHOOK_ERR_STOPPED);
  EXPECT_STREQ(runhook_error_to_string(bare(RUNHOOK_ERR_STOPPED)), "STOPPED");
  EXPECT_EQ(runhook_error_code(bare(RUNHOOK_OK)), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_error_code(bare(106)), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_error_destroy(bare(RUNHOOK_ERR_NO_MEMORY));
  EXPECT_EQ(runhook_error_code(bare(RUNHOOK_ERR_NO_MEMORY)), RUNHOOK_ERR_NO_MEMORY);
}

TEST_F(CError, SuppressedErrorsAreLent) {
  runhook_coordinator* coordinator = runhook_coordinator_create(nullptr);
  for (const char* message : {"first", "second", "third"}) {
    ASSERT_EQ(runhook_coordinator_report_error(coordinator, RUNHOOK_ERR_INTERNAL, message, nullptr), RUNHOOK_OK);
  }
  runhook_error* error = runhook_coordinator_error(coordinator);
  EXPECT_STREQ(runhook_error_message(error), "first");
  ASSERT_EQ(runhook_error_suppressed_count(error), 2U);
  const runhook_error* later = runhook_error_suppressed_at(error, 1);
  EXPECT_STREQ(runhook_error_message(later), "third");
  EXPECT_EQ(runhook_error_suppressed_at(error, 1), later);
  EXPECT_STREQ(runhook_error_message(runhook_error_suppressed_at(error, 0)), "second");
  EXPECT_EQ(runhook_error_suppressed_at(error, 2), nullptr);
  runhook_error_destroy(const_cast<runhook_error*>(later));
  EXPECT_STREQ(runhook_error_message(later), "third") << "a borrowed error was destroyed";
  runhook_error_destroy(error);
  EXPECT_STREQ(runhook_error_message(later), "");
  runhook_coordinator_destroy(coordinator);
}

TEST(CStatus, NamesAreThoseOfTheCodes) {
  EXPECT_STREQ(runhook_status_name(RUNHOOK_OK), "OK");
  EXPECT_STREQ(runhook_status_name(RUNHOOK_ERR_OUT_OF_RANGE), "OUT_OF_RANGE");
  EXPECT_STREQ(runhook_status_name(RUNHOOK_ERR_NO_MEMORY), "NO_MEMORY");
  EXPECT_STREQ(runhook_status_name(77), "UNKNOWN");
}

TEST(CVersion, LibraryServesItsOwnAndOlderHeaders) {
  EXPECT_EQ(runhook_version(), RUNHOOK_VERSION);
  EXPECT_STREQ(runhook_version_string(), "1.0.0");
  EXPECT_EQ(runhook_check_version(RUNHOOK_VERSION_MAJOR * 10000, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_check_version(RUNHOOK_VERSION + 1, nullptr), RUNHOOK_OK) << "a patch level adds nothing";
  EXPECT_EQ(runhook_check_version(-1, nullptr), RUNHOOK_ERR_UNIMPLEMENTED);
}

}  // namespace
