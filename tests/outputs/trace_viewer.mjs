// trace_viewer.mjs TRACE-VIEWER-HTML TRACE: prints what the trace viewer of Chrome makes of a trace, as JSON: its spans,
// each with the number of the one that it is within, and its instants. Only the part of the viewer that reads is run.
import fs from 'fs';
import vm from 'vm';

const html = fs.readFileSync(process.argv[2], 'utf8');
const begin = html.lastIndexOf("'use strict'", html.indexOf('tr.initialize()'));
const code = html.slice(begin, html.lastIndexOf('</script>'));

// Stands for all that a browser has.
const anything = new Proxy(function () {}, {
  get: (target, name) => name === Symbol.toPrimitive ? () => '' : name === 'prototype' ? target.prototype : anything,
  set: () => true,
  construct: () => anything,
});
const context = {isVinn: true, Event, Polymer: anything, document: anything, setTimeout};
context.performance = {now: () => 0, mark() {}, measure() {}};
for (const name of ['HTMLElement', 'HTMLDivElement', 'HTMLSpanElement', 'HTMLUnknownElement']) {
  context[name] = class {};
}
context.global = context.window = context;
vm.createContext(context);
let failure;
try {
  vm.runInContext(code, context, {filename: 'trace_viewer'});
} catch (error) {
  failure = error;  // the part that shows comes after the one that reads
}
const tr = context.tr;
if (tr?.importer?.Import === undefined || tr.Model === undefined) throw failure;

const model = new tr.Model();
new tr.importer.Import(model).importTraces([fs.readFileSync(process.argv[3], 'utf8')]);
const numbers = new Map();
const spans = [];
for (const thread of model.getAllThreads()) {
  for (const slice of thread.sliceGroup.slices) {
    numbers.set(slice, spans.length);
    spans.push({
      name: slice.title,
      ts: Math.round(slice.start * 1e6),
      end: Math.round((slice.start + slice.duration) * 1e6),
      step: slice.args.step,
      parent: slice.parentSlice === undefined ? null : numbers.get(slice.parentSlice),
    });
  }
}
const instants = model.instantEvents.map((event) => ({name: event.title, ts: Math.round(event.start * 1e6), args: event.args}));
console.log(JSON.stringify({spans, instants, warnings: model.importWarnings.map((warning) => warning.message)}));
