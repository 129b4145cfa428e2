// What the interpreter asks of the engine: scopes as plain objects, and code that is run inside a chain of them.
// The page sees none of the names in here; what it breaks of the language it breaks for itself.
(function (global, seed, spend) {
  var scopes = Object.create(null), next = 1, now = 0;
  var define = Object.defineProperty, create = Object.create, isArray = Array.isArray, parse = JSON.parse;
  var stringify = JSON.stringify, freeze = Object.freeze, has = Object.prototype.hasOwnProperty, Err = ReferenceError;
  var Fn = Function, Text = String, keys = Object.keys;

  // Time and chance are told.
  var Real = Date;
  function Told() {
    if (!new.target) return new Real(now).toString();
    return Reflect.construct(Real, arguments.length ? arguments : [now], new.target);
  }
  Told.prototype = Real.prototype;
  Told.UTC = Real.UTC;
  Told.parse = Real.parse;
  Told.now = function () { return now; };
  define(Real.prototype, 'constructor', { value: Told, writable: true, configurable: true, enumerable: false });
  define(global, 'Date', { value: Told, writable: true, configurable: true, enumerable: false });
  var state = seed >>> 0 || 1;
  Math.random = function () {
    state ^= state << 13; state >>>= 0; state ^= state >>> 17; state ^= state << 5; state >>>= 0;
    return state / 4294967296;
  };

  // What does much without asking whether it may go on is paid for: whoever has nothing left waits here for its end, which is near.
  function charge(letters) { if (!spend(letters)) for (;;); }

  // Loops of the engine that ask nobody whether to go on, over lengths that are only claimed.
  ['indexOf', 'lastIndexOf', 'includes', 'join', 'toString', 'toLocaleString', 'reverse', 'sort', 'fill', 'copyWithin', 'slice',
    'splice', 'concat', 'shift', 'unshift', 'flat', 'at', 'with', 'toSorted', 'toReversed', 'toSpliced', 'forEach', 'map', 'filter',
    'some', 'every', 'reduce', 'reduceRight', 'find', 'findIndex', 'findLast', 'findLastIndex', 'flatMap'
  ].forEach(function (name) {
    var own = Array.prototype[name];
    if (!own) return;
    // An element may be put into an order a few dozen times, and made a text.
    var weight = /ort/.test(name) ? 200 : /^(join|to)/.test(name) ? 40 : 8;
    define(Array.prototype, name, { writable: true, configurable: true, enumerable: false, value: function () {
      var all = measured(this);
      for (var i = 0; i < arguments.length; i++) if (typeof arguments[i] === 'object') all += measured(arguments[i]);
      charge(all * weight);
      return own.apply(this, arguments);
    } });
  });

  function measured(list) {
    var length = list != null && list.length;
    if (length > 1000000) throw new RangeError('the array is too long');
    return length > 0 ? length : 0;
  }

  // So do those over texts. What could take long is not begun.
  var LONGEST = 10000000;
  function wrapped(name, make) {
    var own = String.prototype[name];
    if (own) define(String.prototype, name, { writable: true, configurable: true, enumerable: false, value: make(own) });
  }
  function texted(value) { return value === null || value === undefined || typeof value === 'string' ? value : Text(value); }
  var hooks = { includes: Symbol.match, replace: Symbol.replace, replaceAll: Symbol.replace, split: Symbol.split };
  ['indexOf', 'lastIndexOf', 'includes', 'replace', 'replaceAll', 'split'].forEach(function (name) {
    var hook = hooks[name];
    wrapped(name, function (own) {
      return function (what, from) {
        'use strict';
        var text = texted(this), length = text ? text.length : 0, at = typeof from === 'number' && from > 0 ? from : 0;
        if (what !== null && typeof what === 'object' && !(hook && what[hook])) arguments[0] = what = Text(what);
        var size = typeof what === 'string' && what.length > 0 ? what.length : 1;
        if ((length - size + 1) * size > LONGEST) throw new RangeError('the texts are too long');
        var result = own.apply(text, arguments), seen = length;
        if (name === 'indexOf') seen = (result < 0 ? length : result) - at;
        if (name === 'lastIndexOf') seen = (typeof from === 'number' && from < length ? from : length) - result;
        if (name === 'includes') seen = length - at;
        charge((seen > 0 ? seen + 1 : 1) * size);
        if (name === 'split') charge(result.length * 40);
        return result;
      };
    });
  });
  ['toUpperCase', 'toLowerCase', 'toLocaleUpperCase', 'toLocaleLowerCase', 'trim', 'trimStart', 'trimEnd', 'normalize', 'slice', 'substring',
    'substr', 'concat', 'padStart', 'padEnd', 'repeat', 'localeCompare', 'startsWith', 'endsWith', 'toWellFormed', 'isWellFormed', 'at', 'charAt'
  ].forEach(function (name) {
    var takes = /^(to|trim|norm|is)/.test(name), compares = /^(local|starts|ends)/.test(name);
    wrapped(name, function (own) {
      return function (other) {
        'use strict';
        var text = texted(this), result = own.apply(text, arguments);
        if (takes) charge(text.length);
        else if (compares) charge(typeof other === 'string' && other.length < text.length ? other.length : text.length);
        else if (typeof result === 'string') charge(result.length);
        return result;
      };
    });
  });

  // And functions that take a text as a whole, or make one: each letter is looked at, and most are copied.
  function paying(owner, name, weight, made) {
    var own = owner[name];
    if (!own) return;
    define(owner, name, { writable: true, configurable: true, enumerable: false, value: function (what) {
      var size = typeof what === 'string' ? what.length : 0, done = false, result;
      charge(size * weight + 40);
      try { result = own.apply(this, arguments); done = true; } finally {
        // What has failed may have made as much as there is room for.
        charge(done ? (result && result.length > 0 ? result.length : 0) * made : made * 200000);
      }
      return result;
    } });
  }
  ['encodeURIComponent', 'encodeURI', 'decodeURIComponent', 'decodeURI', 'escape', 'unescape'].forEach(function (name) {
    paying(global, name, 8, 8);
  });
  ['parseInt', 'parseFloat'].forEach(function (name) { paying(global, name, 1, 0); paying(Number, name, 1, 0); });
  paying(JSON, 'parse', 16, 0);
  paying(JSON, 'stringify', 0, 16);
  paying(Text, 'fromCharCode', 0, 8);
  paying(Text, 'fromCodePoint', 0, 8);
  ['keys', 'values', 'entries', 'getOwnPropertyNames', 'getOwnPropertyDescriptors'].forEach(function (name) { paying(Object, name, 1, 80); });
  paying(Array, 'from', 8, 8);
  paying(Array, 'of', 0, 8);
  // Of a text that is evaluated the length is not known here; each one costs so much. Ours are paid for.
  var direct = global.eval, ours = 0;
  define(global, 'eval', {
    configurable: true,
    enumerable: false,
    get: function () { if (ours > 0) ours--; else charge(400000); return direct; },
    set: function (value) { define(global, 'eval', { value: value, writable: true, configurable: true, enumerable: false }); }
  });
  function evaluating(run, a, b, c, d, e) {
    ours = 1;
    try { return run(a, b, c, d, e); } finally { ours = 0; }
  }
  // Code that is made of texts is read first.
  [function () {}, function* () {}].forEach(function (kind) {
    var proto = Object.getPrototypeOf(kind), Own = proto.constructor;
    function Paying() {
      for (var i = 0; i < arguments.length; i++) charge(texted(arguments[i] = Text(arguments[i])).length * 16);
      return Own.apply(this, arguments);
    }
    Paying.prototype = Own.prototype;
    define(proto, 'constructor', { value: Paying, writable: true, configurable: true, enumerable: false });
    if (Own === Fn) define(global, 'Function', { value: Paying, writable: true, configurable: true, enumerable: false });
  });

  var expressions = [], assignments = [], scripts = [], reading = Fn('__s', 'eval(__s)');
  function withs(depth, body) {
    var text = '';
    for (var i = 0; i < depth; i++) text += 'with(__c[' + i + '])';
    return text + '{' + body + '}';
  }
  function evaluate(chain, source) {
    var run = expressions[chain.length] ||
      (expressions[chain.length] = Fn('__c', '__s', withs(chain.length, 'return eval(__s)')));
    try { return evaluating(run, chain, '(' + source + '\n)'); } finally { gather(chain); }
  }
  // A name that was assigned without being declared belongs to the innermost scope, not to all that comes.
  function gather(chain) {
    for (var name in global) {
      chain[chain.length - 1][name] = global[name];
      delete global[name];
    }
  }
  function chained(ids) {
    var chain = [];
    for (var i = 0; i < ids.length; i++) chain[i] = scopes[ids[i]];
    return chain;
  }
  function owner(chain, name) {
    for (var i = chain.length - 1; i >= 0; i--) if (name in chain[i]) return chain[i];
  }
  function shown(value) { return value === undefined || value === null ? null : Text(value); }

  var Node = {
    getAttribute: function (name) { return has.call(this.attributeValues, name) ? this.attributeValues[name] : null; },
    hasAttribute: function (name) { return has.call(this.attributeValues, name); },
    hasAttributes: function () { return this.attributes.length > 0; },
    hasChildNodes: function () { return this.childNodes.length > 0; },
    getElementsByTagName: function (name) {
      var found = [];
      (function walk(node) {
        for (var i = 0; i < node.childNodes.length; i++) {
          var child = node.childNodes[i];
          if (child.nodeType === 1 && (name === '*' || child.nodeName === name)) found[found.length] = child;
          walk(child);
        }
      })(this);
      return listed(found);
    }
  };
  function listed(list) {
    define(list, 'item', { value: itemAt });
    return list;
  }
  function itemAt(index) { return this[index] || null; }
  function itemNamed(name) {
    for (var i = 0; i < this.length; i++) if (this[i].name === name) return this[i];
    return null;
  }
  function node(from, parent, owner) {
    var made = create(Node);
    made.parentNode = parent;
    made.ownerDocument = owner;
    made.nodeType = from.k;
    made.nodeName = from.n;
    made.nodeValue = from.v === undefined ? null : from.v;
    if (from.k !== 1) { made.data = from.v; made.length = from.v === undefined ? 0 : from.v.length; }
    if (from.k === 1) made.tagName = from.n;
    made.attributeValues = create(null);
    made.attributes = listed((from.a || []).map(function (pair) {
      made.attributeValues[pair[0]] = pair[1];
      return freeze({ nodeType: 2, nodeName: pair[0], name: pair[0], nodeValue: pair[1], value: pair[1] });
    }));
    define(made.attributes, 'getNamedItem', { value: itemNamed });
    made.childNodes = listed((from.c || []).map(function (child) { return node(child, made, owner); }));
    for (var i = 0; i < made.childNodes.length; i++) {
      made.childNodes[i].previousSibling = made.childNodes[i - 1] || null;
      made.childNodes[i].nextSibling = made.childNodes[i + 1] || null;
    }
    made.firstChild = made.childNodes[0] || null;
    made.lastChild = made.childNodes[made.childNodes.length - 1] || null;
    return made;
  }
  function sealed(value) {
    if (value && typeof value === 'object' && !Object.isFrozen(value)) {
      var text = value['\u0001text'];
      if (text !== undefined) {
        delete value['\u0001text'];
        define(value, 'toString', { value: function () { return text; } });
      }
      freeze(value);
      keys(value).forEach(function (k) { sealed(value[k]); });
    }
    return value;
  }

  // Semantics of a grammar (SISR 1.0): each rule has an `out` of its own; without tags it is what was matched last, else the text.
  var tagged = Fn('out', 'rules', 'meta', '$', '__s', 'eval(__s);return [out,$]');
  function interpret(rule, style) {
    var scope = { out: create(Object.prototype), any: false, literal: undefined }, last, rules = create(null), $;
    var start = scope.out;
    rules.latest = function () { return last; };
    var meta = { current: function () { return { text: rule.text, score: 1 }; }, latest: function () { return { text: rule.text, score: 1 }; } };
    rule.parts.forEach(function (part) {
      if (part.rule !== undefined) { last = interpret(part, style); if (part.rule) rules[part.rule] = last; return; }
      scope.any = true;
      if (style === 'literal') { scope.out = part.tag; return; }
      if (style === 'guess') { scope.out = guess(part.tag, scope.out, rules, meta); return; }
      var both = evaluating(tagged, scope.out, rules, meta, undefined, part.tag);
      scope.out = both[0];
    });
    return scope.any ? scope.out : last !== undefined ? last : rule.text;
  }
  // Tags that do not say how they are meant (the list of the old test suites and their browsers).
  function guess(tag, out, rules, meta) {
    var text = tag.trim().replace(/;+$/, '');
    if (/^\$(\.[A-Za-z_$][\w$]*)?\s*=[^=]/.test(text)) {
      var both = evaluating(tagged, undefined, rules, meta, text.charAt(1) === '.' ? out : undefined, text);
      return both[1];
    }
    if (/^out(\.[A-Za-z_$][\w$.]*|\[[^\]]*\])?\s*=[^=]/.test(text)) return evaluating(tagged, out, rules, meta, undefined, text)[0];
    if (/^'[^']*'$|^"[^"]*"$/.test(text)) return text.slice(1, -1);
    if (/^var\s/.test(text)) {
      var made = {}, names = [], name = /(?:^|[;,])\s*(?:var\s+)?([A-Za-z_$][\w$]*)\s*=[^=]/g, found;
      while ((found = name.exec(text))) names[names.length] = found[1];
      var values = Fn(text + ';return [' + names.join(',') + ']')();
      for (var i = 0; i < names.length; i++) made[names[i]] = values[i];
      return made;
    }
    return slots(text);
  }
  // `dest='sales'` and `<dest "sales">`, several of either: what fills which field. Any other text is what it is.
  function slots(text) {
    var made = {}, rest = text, found;
    var one = /^\s*;?\s*(?:([A-Za-z_$][\w$]*)\s*=\s*('[^']*'|"[^"]*")|<\s*([A-Za-z_$][\w$]*)\s+("[^"]*"|[^\s"<>]+)\s*>)/;
    while ((found = one.exec(rest))) {
      made[found[1] || found[3]] = (found[2] || found[4]).replace(/^['"]|['"]$/g, '');
      rest = rest.slice(found[0].length);
    }
    return rest === text || rest.trim() !== '' ? text : made;
  }

  return {
    tell: function (milliseconds) { now = milliseconds; },
    open: function (names) {
      var scope = create(null), id = next++;
      for (var i = 0; i < names.length; i++) scope[names[i]] = scope;
      scopes[id] = scope;
      return id;
    },
    close: function (id) { delete scopes[id]; },
    // Reads code and runs none of it: before anything else something is thrown.
    read: function (source) { try { evaluating(reading, 'throw 0;' + source); } catch (error) { if (error !== 0) throw error; } },
    truth: function (ids, source) { return !!evaluate(chained(ids), source); },
    text: function (ids, source) { return shown(evaluate(chained(ids), source)); },
    json: function (ids, source) {
      var value = evaluate(chained(ids), source);
      return value === undefined || typeof value === 'function' ? null : stringify(value);
    },
    declare: function (ids, name, source) {
      var chain = chained(ids);
      chain[chain.length - 1][name] = source === null ? undefined : evaluate(chain, source);
    },
    assign: function (ids, name, source, session) {
      var chain = chained(ids), root = /^[^.\[\s]+/.exec(name)[0], value = evaluate(chain, source), own = owner(chain, root);
      if (own === undefined) throw new Err(root + ' is not declared');
      var locked = scopes[session];
      if (own === locked || (root === 'session' && own[root] === locked)) throw new TypeError('session variables cannot be changed');
      if (root === name) { own[name] = value; return; }
      var run = assignments[chain.length] ||
        (assignments[chain.length] = Fn('__c', '__s', '__v', withs(chain.length, 'return eval(__s)')));
      evaluating(run, chain, name + '=__v', value);
    },
    bind: function (ids, source, scope, name) { scopes[scope][name] = evaluate(chained(ids), source); },
    put: function (scope, name, json, lock) { var value = parse(json); scopes[scope][name] = lock ? sealed(value) : value; },
    unset: function (scope, name) { scopes[scope][name] = undefined; },
    isSet: function (scope, name) { return scopes[scope][name] !== undefined; },
    isDeclared: function (ids, name) { return owner(chained(ids), name) !== undefined; },
    reset: function (ids, name) {
      var own = owner(chained(ids), name);
      if (own === undefined) throw new Err(name + ' is not declared');
      own[name] = undefined;
    },
    run: function (ids, source, vars, functions) {
      var chain = chained(ids), target = chain[chain.length - 1];
      for (var i = 0; i < vars.length; i++) if (!(has.call(target, vars[i]))) target[vars[i]] = undefined;
      var run = scripts[chain.length] || (scripts[chain.length] = Fn('__c', '__t', '__s', '__f',
        'var __p=function(){for(var __i=0;__i<__f.length;__i++){var __v=eval("typeof "+__f[__i]+"===\'function\'?"+__f[__i]+":undefined");' +
        'if(__v!==undefined)__t[__f[__i]]=__v}};' + withs(chain.length, 'eval("__p();"+__s)')));
      // One for the script, and before it begins one for each of its functions.
      ours = 1 + functions.length;
      try { run(chain, target, source, functions); } finally { ours = 0; gather(chain); }
    },
    interpret: function (json, style, scope, name) { scopes[scope][name] = interpret(parse(json), style); },
    document: function (json, scope, name) {
      var made = create(Node), root = node(parse(json), made, made);
      made.nodeType = 9; made.nodeName = '#document'; made.nodeValue = null; made.parentNode = made.ownerDocument = null;
      made.attributes = listed([]); made.attributeValues = create(null);
      made.documentElement = root; made.childNodes = listed([root]); made.firstChild = made.lastChild = root;
      scopes[scope][name] = made;
    },
    isArray: function (ids, source, scope, name) {
      var value = evaluate(chained(ids), source);
      if (!isArray(value)) return -1;
      if (value.length > 1000000) throw new RangeError('the array is too long');
      scopes[scope][name] = value.slice();
      return value.length;
    }
  };
})
