// raw_koffi.mjs FOLDER CARELESS...: callbacks of koffi that throw or return nonsense never count as a success.
//
// They are raw: nothing catches what they throw, so that C sees whatever the slot of the result holds. FOLDER is where
// koffi is installed; RUNHOOK_LIBRARY names the library; each CARELESS is careless.c as a shared library.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, ...carelessPaths] = process.argv.slice(2);
if (carelessPaths.length === 0) {
  console.error('raw_koffi.mjs FOLDER CARELESS...');
  process.exit(2);
}
const require = createRequire(resolve(folder, 'package.json'));
const koffi = require('koffi');

const OK = 0;
const OUTCOME_FAILED = 4;
const CONSTANT = 0x600d; // what the dispatcher of careless.c takes for success
const ATTEMPTS = 5;
// A session measures its first steps, for which it calls hooks in another way than later on.
const WARM_UP = 24;

const CALLBACK = koffi.pointer(koffi.proto('int32_t Callback(void *context, void *user_data, int32_t ok)'));

// A struct of the C headers, by its members' names and types. What is not given is zero.
function struct(name, members) {
  const type = koffi.struct(name, { struct_size: 'size_t', user_data: 'void *', destroy: 'void *', ...members });
  const zero = Object.fromEntries(Object.entries(members).map(([key, kind]) => [key, kind === 'size_t' ? 0 : null]));
  return (values) => ({ struct_size: koffi.sizeof(type), user_data: null, destroy: null, ...zero, ...values });
}

const callbacks = (names) => Object.fromEntries(names.split(' ').map((name) => [name, 'void *']));
const Function = struct('Function', { call: 'void *' });
const allCallbacks = 'begin after_create_session before_run after_run on_error end cleanup';
const Hook = struct('Hook', { name: 'const char *', ...callbacks(`${allCallbacks} on_values save restore`) });
const Node = struct('Node', {
  name: 'const char *',
  kernel: 'void *',
  inputs: 'void *',
  input_count: 'size_t',
  output_count: 'size_t',
  updates: 'void *',
  update_count: 'size_t',
  after: 'void *',
  after_count: 'size_t',
});
const Log = struct('Log', { write: 'void *' });

const library = koffi.load(process.env.RUNHOOK_LIBRARY);
// The functions of the library, without their prefix. Errors go to memory of our own: where a callback has thrown,
// koffi throws instead of returning a result or filling in a parameter.
const rh = {};
for (const declaration of [
  'void error_destroy(void *)',
  'void config_destroy(void *)',
  'void session_destroy(void *)',
  'void session_creator_destroy(void *)',
  'void monitored_session_destroy(void *)',
  'void outcome_destroy(void *)',
  'void graph_destroy(void *)',
  'void run_args_destroy(void *)',
  'uint64_t live_handles()',
  'int32_t error_code(void *)',
  'const char *error_hook(void *)',
  'const char *error_callback(void *)',
  'const char *error_message(void *)',
  'int64_t error_step(void *)',
  'int32_t outcome_kind(void *)',
  'void *outcome_error(void *)',
  'int64_t monitored_session_global_step(void *)',
  'int64_t context_global_step(void *)',
  'void *config_create(void *)',
  'void *graph_create(void *)',
  'void *run_args_create(void *)',
  'void *monitored_session_create(void *, void *)',
  'void *monitored_session_outcome(void *, void *)',
  'void *session_creator_create(const Function *, void *)',
  'void *function_session_create(const Function *, void *, size_t, void *, size_t, void *)',
  'int32_t config_set_session(void *, void *, void *)',
  'int32_t config_set_session_creator(void *, void *, void *)',
  'int32_t config_set_graph(void *, void *, void *)',
  'int32_t config_set_log(void *, const Log *, void *)',
  'int32_t config_add_hook(void *, const Hook *, void *, void *)',
  'int32_t graph_add_node(void *, const Node *, void *)',
  'int32_t graph_add_global_step(void *, const char *, void *)',
  'int32_t graph_add_increment(void *, const char *, const char **, size_t, int64_t, void *)',
  'int32_t run_args_add_fetch(void *, const char *, const char *, void *)',
  'int32_t context_set_session(void *, void *, void *)',
  'int32_t session_run(void *, void *, void *, void *)',
  'int32_t monitored_session_run(void *, void *, void *, void *)',
  'int32_t monitored_session_run_until_stop(void *, void *, int64_t, void *, void *)',
  'int32_t monitored_session_close(void *, void *)',
]) {
  const [, name] = declaration.match(/(\w+)\(/);
  rh[name] = library.func(declaration.replace(name + '(', `runhook_${name}(`));
}

// What is counted.

const tally = {
  checks: 0,
  failures: 0,
  falseSuccesses: 0,
  badCalls: 0,
  stale: 0, // bad calls of which C got the success of an earlier call
  constantBadCalls: 0,
  constantFalseSuccesses: {}, // by what was bad
  rejections: 0,
  expectedRejections: 0,
};
let current = ''; // the case, for messages

function check(holds, text, ...values) {
  ++tally.checks;
  if (holds) return;
  if (++tally.failures <= 20) console.log(`FAILED: ${current}: ${text}`, ...values);
}

class OnPurpose extends Error {}
process.on('unhandledRejection', (reason) => {
  ++tally.rejections;
  check(reason instanceof OnPurpose, 'unexpected rejection', reason);
});

// What callbacks do.

const throwing = () => {
  throw new OnPurpose();
};
// Each throws, or has koffi throw, in the midst of the call from C: the slot of the result stays as it was.
const THROWING = {
  throws: throwing,
  'throws undefined': () => {
    throw undefined;
  },
  'returns undefined': () => undefined,
  'returns null': () => null,
  'returns a string': (_script, ok) => String(ok),
  'returns an object': (_script, ok) => ({ ok }),
};
// An async function returns a promise, whatever it ends with.
const ASYNC = {
  'is async': async (_script, ok) => ok,
  'is async and waits': async (_script, ok) => {
    await null;
    return ok;
  },
  'is async and throws': async () => {
    ++tally.expectedRejections;
    throw new OnPurpose();
  },
};
// Numbers that are not the success of this call.
const WRONG = {
  'returns a constant': () => CONSTANT,
  'returns 0': () => 0,
  'returns 1': () => 1,
  'returns -1': () => -1,
  'returns a fraction': () => 1.5,
  'returns NaN': () => NaN,
  'returns the success of the first call': (script, ok) => (script.first === ok ? 0 : script.first),
  'returns the success of the call before, of whichever callback': (script) => script.before,
  'returns one more': (_script, ok) => ok + 1,
  'returns one less': (_script, ok) => ok - 1,
};
const WHEN = {
  'in the first call': (call) => call === 1,
  'in the third call': (call) => call === 3,
  'in every call from the third on': (call) => call >= 3,
  'in every call': () => true,
};
const never = () => false;
const nothing = () => {};

// A raw callback and what it does, call by call.
class Script {
  static lastOk = 0; // of any script
  static given = new Set(); // successes of all scripts, in the present case

  constructor({ when = never, how = null, work = nothing, isAsync = false } = {}) {
    Object.assign(this, { when, how, work, does: nothing, calls: 0, bad: 0, first: 0, before: 0 });
    const call = (context, _userData, ok) => this.call(context, ok);
    const asyncCall = async (context, _userData, ok) => this.call(context, ok);
    this.raw = koffi.register(isAsync ? asyncCall : call, CALLBACK);
  }
  call(context, ok) {
    ++this.calls;
    this.first ||= ok;
    this.before = Script.lastOk;
    Script.lastOk = ok;
    Script.given.add(ok);
    this.does(context);
    this.work(context);
    if (!this.when(this.calls)) return ok;
    ++this.bad;
    return this.how(this, ok);
  }
  free() {
    koffi.unregister(this.raw);
  }
}

// A callback of careless.c, in the place of a script.
class InC {
  constructor(careless, name) {
    this.raw = careless.symbol(name);
  }
  free() {}
}

// The subjects: each has one callback that is bad, and something that calls it once.

const errorSlot = koffi.alloc('void *', 1);
const countSlot = koffi.alloc('int64_t', 1);

// Calls a function with a place for the error. Returns what C has said, even if koffi throws.
function judged(body) {
  koffi.encode(errorSlot, 'void *', null);
  const result = { failed: false, threw: false, where: '', message: '' };
  let status = null;
  try {
    status = body(errorSlot);
  } catch (thrown) {
    result.threw = true;
    check(thrown === undefined || thrown instanceof OnPurpose || thrown instanceof TypeError, 'threw', thrown);
  }
  result.value = status;
  const error = koffi.decode(errorSlot, 'void *');
  if (error === null) return result;
  result.failed = rh.error_code(error) !== OK;
  result.where = where(error);
  result.message = rh.error_message(error);
  rh.error_destroy(error);
  return result;
}

const where = (error) => `${rh.error_hook(error)}/${rh.error_callback(error)}/${rh.error_step(error)}`;

class Subject {
  constructor(quiet) {
    this.quiet = quiet;
    this.owned = [];
    this.scripts = [];
  }
  script(options) {
    return this.keep(new Script(options));
  }
  keep(script) {
    this.scripts.push(script);
    return script;
  }
  take(handle, destroy) {
    check(handle !== null, 'made');
    this.owned.push([destroy, handle]);
    return handle;
  }
  functionSession(step) {
    const table = Function({ call: step.raw });
    return this.take(rh.function_session_create(table, null, 0, null, 0, null), rh.session_destroy);
  }
  config(session = null) {
    const config = this.take(rh.config_create(null), rh.config_destroy);
    check(rh.config_set_log(config, Log({ write: this.quiet }), null) === OK, 'log');
    if (session !== null) check(rh.config_set_session(config, session, null) === OK, 'session');
    return config;
  }
  end() {
    for (const [destroy, handle] of this.owned.reverse()) destroy(handle);
    for (const script of this.scripts) script.free();
  }
}

// An attempt is a step of a monitored session.
class Steps extends Subject {
  before = 0; // steps made to warm up
  reached = 0; // by how much the global step of the error is beyond the steps that were good
  args = null;

  begin(config, place, says) {
    this.place = place;
    this.says = says;
    this.loop = this.take(rh.monitored_session_create(config, null), rh.monitored_session_destroy);
  }
  warmUp(script) {
    const { when } = script;
    script.when = never;
    for (let i = 0; i < WARM_UP; ++i) check(!this.attempt().failed, 'warming up');
    this.before = this.progress();
    Object.assign(script, { when, calls: 0, first: 0 });
  }
  attempt() {
    return judged((error) => rh.monitored_session_run(this.loop, this.args, null, error));
  }
  untilStop() {
    koffi.encode(countSlot, 'int64_t', -1);
    const run = (error) => rh.monitored_session_run_until_stop(this.loop, this.args, ATTEMPTS, countSlot, error);
    const result = judged(run);
    return [result, Number(koffi.decode(countSlot, 'int64_t'))];
  }
  outcome() {
    rh.monitored_session_close(this.loop, null);
    const outcome = rh.monitored_session_outcome(this.loop, null);
    const error = rh.outcome_error(outcome);
    const told = `${rh.outcome_kind(outcome)} ${error === null ? '' : where(error)}`;
    rh.outcome_destroy(outcome);
    return told;
  }
  progress() {
    return Number(rh.monitored_session_global_step(this.loop)) - this.before;
  }
  failure(good) {
    return `${this.place}/${good + this.before + this.reached}`;
  }
}

class Step extends Steps {
  constructor(script, quiet, hook = null) {
    super(quiet);
    this.keep(script);
    const config = this.config(this.functionSession(script));
    if (hook !== null) {
      this.keep(hook);
      const table = Hook({ name: 'good', before_run: hook.raw, after_run: hook.raw });
      check(rh.config_add_hook(config, table, null, null) === OK, 'hook');
    }
    this.begin(config, '/run', 'run');
  }
}

// Some hooks, of which the one at `index` has a bad callback.
class Hooks extends Steps {
  constructor(script, quiet, { bad, only, count, index }, step) {
    super(quiet);
    this.keep(script);
    this.keep(step);
    const config = this.config(this.functionSession(step));
    for (let i = 0; i < count; ++i) {
      const table = Hook({ name: i === index ? 'bad' : `good${i}` });
      for (const name of ['before_run', 'after_run']) {
        if (i === index && name === bad) table[name] = script.raw;
        else if (i !== index || !only) table[name] = this.script().raw;
      }
      check(rh.config_add_hook(config, table, null, null) === OK, 'hook');
    }
    this.reached = bad === 'after_run' ? 1 : 0;
    this.begin(config, `bad/${bad}`, bad);
  }
}

class Kernel extends Steps {
  constructor(script, quiet) {
    super(quiet);
    const graph = this.take(rh.graph_create(null), rh.graph_destroy);
    const nodes = ['first', 'bad', 'last'];
    for (const name of nodes) {
      const kernel = name === 'bad' ? this.keep(script) : this.script();
      check(rh.graph_add_node(graph, Node({ name, kernel: kernel.raw }), null) === OK, 'node');
    }
    check(rh.graph_add_global_step(graph, 'global_step', null) === OK, 'global step');
    check(rh.graph_add_increment(graph, 'train', nodes, nodes.length, 1, null) === OK, 'increment');
    this.args = this.take(rh.run_args_create(null), rh.run_args_destroy);
    check(rh.run_args_add_fetch(this.args, null, 'train', null) === OK, 'fetch');
    const config = this.config();
    check(rh.config_set_graph(config, graph, null) === OK, 'graph');
    this.begin(config, '/run', 'kernel');
  }
}

// An attempt is the creation of a monitored session; if it succeeds, the session makes a step.
class Creator extends Subject {
  says = 'create';

  constructor(script, quiet) {
    super(quiet);
    this.steps = this.script();
    this.keep(script).does = (context) =>
      check(rh.context_set_session(context, this.session, null) === OK, 'session');
    const creator = rh.session_creator_create(Function({ call: script.raw }), null);
    this.take(creator, rh.session_creator_destroy);
    this.configured = this.config();
    check(rh.config_set_session_creator(this.configured, creator, null) === OK, 'creator');
  }
  attempt() {
    const handles = rh.live_handles();
    const owned = new Subject(this.quiet);
    this.session = owned.functionSession(this.steps);
    const result = judged((error) => rh.monitored_session_create(this.configured, error));
    if (result.value !== null) {
      check(!result.failed, 'a session as well as an error');
      check(rh.monitored_session_run(result.value, null, null, null) === OK, 'step');
      rh.monitored_session_destroy(result.value);
    }
    owned.end();
    // If koffi threw away a session that was made, it is still alive.
    check(rh.live_handles() === handles, 'handles', rh.live_handles(), handles);
    return result;
  }
  progress() {
    return this.steps.calls;
  }
  failure() {
    return '//-1';
  }
}

function* hookShapes() {
  for (const bad of ['before_run', 'after_run']) {
    yield [`${bad} of a hook that has no other`, { bad, only: true, count: 1, index: 0 }];
    yield [`${bad} of a hook that has both`, { bad, only: false, count: 1, index: 0 }];
    for (const index of [0, 3, 7]) {
      yield [`${bad} of hook ${index} of eight`, { bad, only: false, count: 8, index }];
    }
  }
}

// Yields a text and what makes the subject of (script, quiet).
function* subjects(careless) {
  yield ['step', (script, quiet) => new Step(script, quiet)];
  yield ['step with a hook', (script, quiet) => new Step(script, quiet, new Script())];
  yield ['step with a hook in C', (script, quiet) => new Step(script, quiet, new InC(careless, 'good'))];
  for (const [text, shape] of hookShapes()) {
    yield [text, (script, quiet) => new Hooks(script, quiet, shape, new Script())];
    yield [`${text}, step in C`, (script, quiet) => new Hooks(script, quiet, shape, new InC(careless, 'good'))];
  }
  yield ['kernel', (script, quiet) => new Kernel(script, quiet)];
  yield ['session creator', (script, quiet) => new Creator(script, quiet)];
}

// The tests.

function checkFailure(result, subject, good) {
  if (!result.failed) ++tally.falseSuccesses;
  check(result.failed, 'FALSE SUCCESS');
  check(result.where === subject.failure(good), 'where it failed', result.where, subject.failure(good), result.message);
  const said = result.message.match(new RegExp(`(?:${subject.says}|the \\w+)(?: of .+?)? returned (-?\\d+)`));
  check(said !== null, 'message', result.message);
  if (said !== null && Script.given.has(Number(said[1]))) ++tally.stale;
}

// The caller goes on after each failure: each call is judged on its own.
function attemptsOneByOne(subject, script, throws) {
  let good = 0;
  for (let number = 1; number <= ATTEMPTS; ++number) {
    const result = subject.attempt();
    check(script.calls === number, 'calls', script.calls, number);
    if (script.when(number)) {
      checkFailure(result, subject, good);
      check(result.threw === throws, 'threw', result.threw);
    } else {
      check(!result.failed && !result.threw, 'a good call failed', number, result.message);
      ++good;
    }
    check(subject.progress() === good, 'progress', subject.progress(), good);
  }
}

// The library goes from step to step: it stops at the bad call, and calls the callback not once more.
function attemptsUntilOneFails(subject, script, throws) {
  if (!(subject instanceof Steps)) return;
  let bad = 1;
  while (!script.when(bad)) ++bad;
  const [result, completed] = subject.untilStop();
  checkFailure(result, subject, bad - 1);
  check(result.threw === throws, 'threw', result.threw);
  check(completed === bad - 1, 'completed steps', completed, bad - 1);
  check(subject.progress() === bad - 1, 'global step', subject.progress(), bad - 1);
  check(script.calls === bad, 'calls', script.calls, bad);
  const outcome = subject.outcome();
  check(outcome === `${OUTCOME_FAILED} ${subject.failure(bad - 1)}`, 'outcome', outcome);
  check(script.calls === bad, 'calls after the end', script.calls, bad);
}

// Returns what callbacks do first: what C functions leave on the stack and in registers differs by it.
function works(inner) {
  const session = inner.functionSession(inner.script());
  return {
    '': nothing,
    ', having called a function of the library': () => rh.context_global_step(null),
    ', having run another session': () => check(rh.session_run(session, null, null, null) === OK, 'inner session'),
  };
}

function checkScripts(careless, quiet) {
  const inner = new Subject(quiet);
  const allWorks = works(inner);
  const hows = { ...THROWING, ...WRONG, ...ASYNC };
  for (const [subjectText, make] of subjects(careless)) {
    for (const [whenText, when] of Object.entries(WHEN)) {
      for (const [howText, how] of Object.entries(hows)) {
        const isAsync = howText in ASYNC;
        if (isAsync && !when(2)) continue; // it has no good call
        if (howText === 'returns the success of the first call' && when(1)) continue; // that one would be right
        const throws = howText in THROWING || isAsync;
        for (const [workText, work] of Object.entries(throws ? allWorks : { '': nothing })) {
          for (const attempts of [attemptsOneByOne, attemptsUntilOneFails]) {
            for (const warm of isAsync ? [false] : [false, true]) {
              current = `${subjectText} ${howText} ${whenText}${workText}${warm ? ', warmed up' : ''}`;
              Script.given.clear();
              const script = new Script({ when: isAsync ? () => true : when, how, work, isAsync });
              const subject = make(script, quiet);
              if (warm && subject instanceof Steps) subject.warmUp(script);
              attempts(subject, script, throws);
              subject.end();
              tally.badCalls += script.bad;
            }
          }
        }
      }
    }
  }
  inner.end();
}

// The same callbacks get through where success is a constant: so these tests would see it if they got through.
function checkControl(careless) {
  const clear = careless.func('void constant_clear()');
  const add = {
    before_run: careless.func('void constant_add_before(void *)'),
    after_run: careless.func('void constant_add_after(void *)'),
  };
  const setStep = careless.func('void constant_set_step(void *)');
  const run = careless.func('int32_t constant_run(int64_t)');
  const completed = careless.func('int64_t constant_completed()');
  const hows = { ...THROWING, 'returns a constant': WRONG['returns a constant'] };
  for (const [howText, how] of Object.entries(hows)) {
    for (const whenText of ['in the third call', 'in every call from the third on']) {
      const step = ['step', { bad: 'step', only: false, count: 1, index: -1 }];
      for (const [text, { bad, only, count, index }] of [...hookShapes(), step]) {
        current = `constant: ${text} ${howText} ${whenText}`;
        const subject = new Subject(null);
        const script = subject.script({ when: WHEN[whenText], how });
        clear();
        for (let i = 0; i < count; ++i) {
          for (const name of ['before_run', 'after_run']) {
            if (i === index && name === bad) add[name](script.raw);
            else if (i !== index || !only) add[name](subject.script().raw);
          }
        }
        if (bad === 'step') setStep(script.raw);
        try {
          run(ATTEMPTS);
        } catch (thrown) {
          check(thrown === undefined || thrown instanceof OnPurpose || thrown instanceof TypeError, 'threw', thrown);
        }
        check(script.bad > 0, 'bad calls');
        tally.constantBadCalls += script.bad;
        // After a throw koffi calls no callback any more, so that the bad call is the last that was made.
        const passed = Math.min(Number(completed()) - 2, script.bad);
        tally.constantFalseSuccesses[howText] = (tally.constantFalseSuccesses[howText] ?? 0) + Math.max(passed, 0);
        subject.end();
      }
    }
  }
}

const handles = rh.live_handles();
for (const path of carelessPaths) {
  const careless = koffi.load(path);
  checkScripts(careless, careless.symbol('discard'));
  checkControl(careless);
}
await new Promise((done) => setTimeout(done, 0)); // rejections are told between two turns of the event loop
current = 'control';
for (const [how, passed] of Object.entries(tally.constantFalseSuccesses)) {
  check(passed > 0, 'a constant lets nothing pass that', how);
}
current = 'rejections';
check(tally.rejections === tally.expectedRejections, 'told', tally.rejections, tally.expectedRejections);
current = 'handles';
check(rh.live_handles() === handles, 'left', rh.live_handles(), handles);
current = 'stale';
check(tally.stale > 0, 'no callback that threw left an earlier success: nothing was tested');

const { version } = JSON.parse(readFileSync(resolve(folder, 'node_modules/koffi/package.json')));
console.log(`bad calls: ${tally.badCalls}, of which C got an earlier success: ${tally.stale}`);
console.log(`where success is a constant, bad calls: ${tally.constantBadCalls}`);
for (const [how, passed] of Object.entries(tally.constantFalseSuccesses)) {
  console.log(`  taken for successes, ${how}: ${passed}`);
}
console.log(
  `raw koffi: ${tally.checks} checks with koffi ${version}, ${tally.failures} failed, ` +
    `false successes: ${tally.falseSuccesses}`,
);
process.exit(tally.failures ? 1 : 0);
