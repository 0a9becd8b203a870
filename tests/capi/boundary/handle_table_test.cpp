// The handle table, in a copy of its own: the library exports nothing but the C ABI.
#include "../../../capi/src/boundary/handle_table.cpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace {

using runhook::capi::HandleKind;
using runhook::capi::HandleState;
using runhook::capi::HandleTable;

TEST(HandleTable, NullAndGarbageAreNotFound) {
  EXPECT_EQ(HandleTable::find(0, HandleKind::error), nullptr);
  EXPECT_EQ(HandleTable::find(~std::uintptr_t{0}, HandleKind::error), nullptr);
  EXPECT_EQ(HandleTable::retire(0, HandleKind::none), nullptr);
  EXPECT_EQ(HandleTable::retire(~std::uintptr_t{0}, HandleKind::error), nullptr);
}

TEST(HandleTable, LiveHandleIsFoundByItsKindOnly) {
  int object = 0;
  const auto handle = HandleTable::create(HandleKind::value, &object);
  ASSERT_NE(handle, 0U);
  EXPECT_EQ(HandleTable::find(handle, HandleKind::value), &object);
  EXPECT_EQ(HandleTable::find(handle, HandleKind::error), nullptr);
  EXPECT_EQ(HandleTable::retire(handle, HandleKind::error), nullptr);
  EXPECT_EQ(HandleTable::retire(handle, HandleKind::value), &object);
}

TEST(HandleTable, RetiredHandleStaysInvalidWhenItsSlotIsReused) {
  int object = 0;
  const auto first = HandleTable::create(HandleKind::clock, &object);
  ASSERT_EQ(HandleTable::retire(first, HandleKind::clock), &object);
  const auto second = HandleTable::create(HandleKind::clock, &object);
  EXPECT_NE(first, second);
  EXPECT_EQ(first & 0xFFFFFF, second & 0xFFFFFF) << "the slot was not reused";
  EXPECT_EQ(HandleTable::find(first, HandleKind::clock), nullptr);
  EXPECT_EQ(HandleTable::retire(first, HandleKind::clock), nullptr);
  EXPECT_EQ(HandleTable::find(second, HandleKind::clock), &object);
  EXPECT_EQ(HandleTable::retire(second, HandleKind::clock), &object);
}

TEST(HandleTable, LiveCountsWhatIsNotRetired) {
  int object = 0;
  const auto before = HandleTable::live();
  std::vector<std::uintptr_t> handles;
  for (int i = 0; i < 5000; ++i) handles.push_back(HandleTable::create(HandleKind::saver, &object));
  EXPECT_EQ(HandleTable::live(), before + 5000);
  EXPECT_EQ(std::set(handles.begin(), handles.end()).size(), handles.size());
  for (const auto handle : handles) HandleTable::retire(handle, HandleKind::saver);
  EXPECT_EQ(HandleTable::live(), before);
}

TEST(HandleTable, FourThreadsNeverShareAHandle) {
  const auto before = HandleTable::live();
  const auto work = [](int* mine, int* mistakes) {
    std::vector<std::uintptr_t> held;
    for (int round = 0; round < 20000; ++round) {
      held.push_back(HandleTable::create(HandleKind::value, mine));
      if (held.size() < 8) continue;
      for (const auto handle : held) {
        if (HandleTable::find(handle, HandleKind::value) != mine) ++*mistakes;
        if (HandleTable::retire(handle, HandleKind::value) != mine) ++*mistakes;
        if (HandleTable::find(handle, HandleKind::value) != nullptr) ++*mistakes;
      }
      held.clear();
    }
    for (const auto handle : held) HandleTable::retire(handle, HandleKind::value);
  };
  int objects[4] = {};
  int mistakes[4] = {};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work, &objects[i], &mistakes[i]);
  for (auto& thread : threads) thread.join();
  for (const int count : mistakes) EXPECT_EQ(count, 0);
  EXPECT_EQ(HandleTable::live(), before);
}

TEST(HandleTable, OfSeveralRetirersOneGetsTheObject) {
  int object = 0;
  for (int round = 0; round < 200; ++round) {
    const auto handle = HandleTable::create(HandleKind::error, &object);
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        if (HandleTable::retire(handle, HandleKind::error) != nullptr) ++winners;
      });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_EQ(winners.load(), 1);
  }
}

TEST(HandleTable, StateTellsWhatANumberIs) {
  using Is = HandleState::Is;
  int object = 0;
  EXPECT_EQ(HandleTable::state_of(0).is, Is::null);
  EXPECT_EQ(HandleTable::state_of(~std::uintptr_t{0}).is, Is::foreign);
  EXPECT_EQ(HandleTable::state_of(reinterpret_cast<std::uintptr_t>(&object)).is, Is::foreign);
  for (const bool renewable : {false, true}) {
    const auto handle = renewable ? HandleTable::create_renewable(HandleKind::context, &object)
                                  : HandleTable::create(HandleKind::context, &object);
    EXPECT_EQ(HandleTable::state_of(handle).is, Is::live);
    EXPECT_EQ(HandleTable::state_of(handle).kind, HandleKind::context);
    const auto next = renewable ? HandleTable::renew(handle, HandleKind::context) : handle;
    EXPECT_EQ(HandleTable::state_of(handle).is, renewable ? Is::gone : Is::live);
    EXPECT_EQ(HandleTable::state_of(next).is, Is::live);
    HandleTable::retire(next, HandleKind::context);
    EXPECT_EQ(HandleTable::state_of(next).is, Is::gone);
    EXPECT_EQ(HandleTable::state_of(next + (std::uintptr_t{9} << HandleTable::kSlotBits)).is, Is::foreign);
    EXPECT_EQ(HandleTable::state_of(handle).is, Is::gone);
  }
}

TEST(HandleTable, EveryKindHasANoun) {
  std::set<std::string> nouns;
  for (int kind = 1; kind <= static_cast<int>(HandleKind::stop_flag); ++kind) {
    nouns.insert(runhook::capi::noun_of(static_cast<HandleKind>(kind)));
  }
  EXPECT_EQ(nouns.size(), static_cast<std::size_t>(HandleKind::stop_flag));
  EXPECT_EQ(nouns.count("handle"), 0U);
}

}  // namespace
