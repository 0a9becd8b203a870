// Section 4.1: the scaffold, on sessions of a graph and of RAW.
#include "runhook/scaffold.hpp"

#include <map>

#include "rig.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/session_creator.hpp"

namespace conformance {
namespace {

constexpr std::int32_t kPieces[] = {RUNHOOK_PIECE_INIT_OP, RUNHOOK_PIECE_INIT_FN, RUNHOOK_PIECE_READY_OP,
                                    RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP, RUNHOOK_PIECE_LOCAL_INIT_OP};

OwnScaffold new_scaffold() {
  OwnScaffold scaffold;
  EXPECT_REPLY(make(scaffold, runhook_scaffold_create), RUNHOOK_OK);
  return scaffold;
}

OwnScaffold copy_of(const OwnScaffold& source) {
  OwnScaffold scaffold;
  EXPECT_REPLY(make(scaffold, runhook_scaffold_copy, source.get()), RUNHOOK_OK);
  return scaffold;
}

// Gives a scaffold pieces that count, under `who`, how often they run.
void set_counting(const OwnScaffold& scaffold, std::map<std::string, int>& counts, const std::string& who) {
  for (const std::int32_t piece : kPieces) {
    const runhook_function function =
        function_of([&counts, key = who + std::to_string(piece)](runhook_context* context) {
          EXPECT_NE(runhook_context_session(context), nullptr);
          ++counts[key];
          return kOk;
        });
    EXPECT_REPLY(call(runhook_scaffold_set, scaffold.get(), piece, &function), RUNHOOK_OK);
  }
}

void run_all(const OwnScaffold& scaffold, runhook_session* session) {
  for (const std::int32_t piece : kPieces)
    EXPECT_REPLY(call(runhook_scaffold_run, scaffold.get(), piece, session), RUNHOOK_OK);
}

TEST(Scaffold, SC_01_NothingIsCreatedBeforeFinalize) {
  const OwnScaffold scaffold = new_scaffold();
  for (const std::int32_t piece : kPieces) EXPECT_EQ(runhook_scaffold_has(scaffold.get(), piece), 0) << piece;
}

TEST(Scaffold, SC_02_DefaultsInitialiseAndNameWhatIsMissing) {
  OwnGraph graph;
  make(graph, runhook_graph_create);
  EXPECT_REPLY(call(runhook_graph_add_variable, graph.get(), "my_var", number(1).get(), RUNHOOK_VARIABLES_GLOBAL),
               RUNHOOK_OK);
  EXPECT_REPLY(call(runhook_graph_add_variable, graph.get(), "my_local_var", number(2).get(), RUNHOOK_VARIABLES_LOCAL),
               RUNHOOK_OK);
  const OwnScaffold scaffold = new_scaffold();
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_has(scaffold.get(), RUNHOOK_PIECE_INIT_FN), 0);
  OwnSession session;
  make(session, runhook_graph_session_create, graph.get());

  const auto piece = [&](std::int32_t which) {
    return call(runhook_scaffold_run, scaffold.get(), which, session.get());
  };
  const Reply unready = piece(RUNHOOK_PIECE_READY_OP);
  EXPECT_EQ(unready.status, RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_TRUE(unready.mentions("my_var")) << unready;
  EXPECT_TRUE(unready.mentions("my_local_var")) << unready;
  const Reply unready_for_local = piece(RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP);
  EXPECT_EQ(unready_for_local.status, RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_TRUE(unready_for_local.mentions("my_var")) << unready_for_local;
  EXPECT_FALSE(unready_for_local.mentions("my_local_var")) << unready_for_local;

  EXPECT_REPLY(piece(RUNHOOK_PIECE_INIT_OP), RUNHOOK_OK);
  EXPECT_REPLY(piece(RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP), RUNHOOK_OK);
  EXPECT_REPLY(piece(RUNHOOK_PIECE_READY_OP), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_REPLY(piece(RUNHOOK_PIECE_LOCAL_INIT_OP), RUNHOOK_OK);
  EXPECT_REPLY(piece(RUNHOOK_PIECE_READY_OP), RUNHOOK_OK);
  EXPECT_REPLY(piece(RUNHOOK_PIECE_INIT_FN), RUNHOOK_ERR_NOT_FOUND);
}

TEST(Scaffold, SC_03_WithoutVariablesAllDefaultsExist) {
  Rig rig;
  Raw& raw = rig.raw();
  raw.variables.clear();
  raw.has_global_step = false;
  const OwnSession session = raw.session();
  const OwnScaffold scaffold = new_scaffold();
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  for (const std::int32_t piece : kPieces) {
    EXPECT_EQ(runhook_scaffold_has(scaffold.get(), piece), piece == RUNHOOK_PIECE_INIT_FN ? 0 : 1) << piece;
    if (piece == RUNHOOK_PIECE_INIT_FN) continue;
    EXPECT_REPLY(call(runhook_scaffold_run, scaffold.get(), piece, session.get()), RUNHOOK_OK);
  }
}

TEST(Scaffold, SC_06_PassedPiecesAreTheOnesUsed) {
  Rig rig;
  const OwnSession session = rig.raw().session();
  std::map<std::string, int> counts;
  const OwnScaffold scaffold = new_scaffold();
  set_counting(scaffold, counts, "mine");
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  run_all(scaffold, session.get());
  for (const std::int32_t piece : kPieces) EXPECT_EQ(counts["mine" + std::to_string(piece)], 1) << piece;
  EXPECT_EQ(counts.size(), 5U);
}

TEST(Scaffold, SC_06_FinalizedScaffoldTakesNoMorePieces) {
  const OwnScaffold scaffold = new_scaffold();
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  const runhook_function function = function_of([](runhook_context*) { return kOk; });
  EXPECT_REPLY(call(runhook_scaffold_set, scaffold.get(), RUNHOOK_PIECE_INIT_FN, &function),
               RUNHOOK_ERR_FAILED_PRECONDITION);
}

TEST(Scaffold, SC_08_ExplicitPiecesWinOverAnEmptySource) {
  Rig rig;
  const OwnSession session = rig.raw().session();
  std::map<std::string, int> counts;
  const OwnScaffold source = new_scaffold();
  const OwnScaffold scaffold = copy_of(source);
  set_counting(scaffold, counts, "mine");
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  run_all(scaffold, session.get());
  EXPECT_EQ(counts.size(), 5U);
}

TEST(Scaffold, SC_09_OwnPiecesWinOverTheSource) {
  Rig rig;
  const OwnSession session = rig.raw().session();
  std::map<std::string, int> counts;
  const OwnScaffold source = new_scaffold();
  set_counting(source, counts, "source");
  const OwnScaffold scaffold = copy_of(source);
  set_counting(scaffold, counts, "mine");
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  run_all(scaffold, session.get());
  for (const std::int32_t piece : kPieces) {
    EXPECT_EQ(counts["mine" + std::to_string(piece)], 1) << piece;
    EXPECT_EQ(counts["source" + std::to_string(piece)], 0) << piece;
  }
}

TEST(Scaffold, SC_11_CopyTakesWhatIsNotGiven) {
  Rig rig;
  const OwnSession session = rig.raw().session();
  std::map<std::string, int> counts;
  const OwnScaffold source = new_scaffold();
  set_counting(source, counts, "source");
  const OwnScaffold scaffold = copy_of(source);
  EXPECT_REPLY(call(runhook_scaffold_finalize, scaffold.get()), RUNHOOK_OK);
  run_all(scaffold, session.get());
  for (const std::int32_t piece : kPieces) EXPECT_EQ(counts["source" + std::to_string(piece)], 1) << piece;
}

TEST(Scaffold, SC_11_InitFnGetsTheNewScaffold) {
  runhook::Scaffold source;
  const runhook::Scaffold* seen = nullptr;
  source.init_fn = [&seen](const runhook::Scaffold& scaffold, runhook::Session&) { seen = &scaffold; };
  const auto copy = std::make_shared<runhook::Scaffold>(runhook::Scaffold::copy_from(source, {}));
  runhook::Graph graph;
  runhook::ChiefSessionCreator creator([graph] { return std::make_shared<runhook::GraphSession>(graph); }, copy);
  creator.create_session({});
  EXPECT_EQ(seen, copy.get());
}

}  // namespace
}  // namespace conformance
