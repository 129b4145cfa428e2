'use strict';

// The description, and the token of whoever looks at it. Neither is kept anywhere.
let api = null;
let token = null;

// An element with attributes, text and children. Nothing here is ever read as HTML.
function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
        if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
        else if (value === true) element.setAttribute(key, '');
        else if (value !== false && value != null) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
}

// A line with words in backquotes.
function inline(line) {
    return line.split('`').map((part, index) => (index % 2 ? make('code', {}, part) : part));
}

// Paragraphs, and lists of stars.
function prose(text) {
    const block = (part) => part.startsWith('* ')
        ? make('ul', {}, ...part.slice(2).split('\n* ').map((item) => make('li', {}, ...inline(item))))
        : make('p', {}, ...inline(part));
    return make('div', {}, ...text.trim().split(/\n\n/).map(block));
}

function resolve(schema) {
    return schema && schema.$ref ? schema.$ref.slice(2).split('/').reduce((at, key) => at[key], api) : schema;
}

function nameOf(schema) {
    return schema.$ref ? schema.$ref.split('/').pop() : '';
}

function typeOf(schema) {
    if (schema.$ref) return nameOf(schema);
    if (schema.oneOf || schema.anyOf) return (schema.oneOf || schema.anyOf).map(typeOf).join(' or ');
    const types = [].concat(schema.type || 'anything');
    return types.map((type) => (type === 'array' ? `list of ${typeOf(schema.items || {})}` : type)).join(' or ');
}

function limitsOf(schema) {
    const said = [];
    if (schema.enum) said.push(schema.enum.map((word) => JSON.stringify(word)).join(', '));
    if (schema.minimum != null) said.push(`from ${schema.minimum}`);
    if (schema.maximum != null) said.push(`to ${schema.maximum}`);
    if (schema.maxLength != null) said.push(`at most ${schema.maxLength} characters`);
    if (schema.pattern) said.push(schema.pattern);
    return said.join('; ');
}

// The objects within a schema: itself, what its lists hold, what it may be.
function objectsIn(schema) {
    const whole = resolve(schema);
    if (!whole) return [];
    if (whole.properties) return [whole];
    const within = [].concat(whole.items || [], whole.oneOf || [], whole.anyOf || []);
    return within.flatMap(objectsIn);
}

function schemaTable(schema) {
    const rows = (whole) => Object.entries(whole.properties).map(([name, field]) => make('tr', {},
        make('td', {}, make('code', { class: (whole.required || []).includes(name) ? 'needed' : '' }, name)),
        make('td', {}, typeOf(field), deeper(field)),
        make('td', {}, ...inline(field.description || resolve(field).description || ''), ' ', make('span', { class: 'soft' }, limitsOf(field)))));
    const tables = objectsIn(schema).map((whole) => make('table', {},
        make('thead', {}, make('tr', {}, make('th', {}, 'Field'), make('th', {}, 'Type'), make('th', {}, 'Meaning'))),
        make('tbody', {}, ...rows(whole))));
    return make('div', {}, make('p', { class: 'soft' }, typeOf(schema)), ...tables);
}

// What a field holds, shown when it is asked for.
function deeper(field) {
    if (!objectsIn(field).length) return null;
    const inside = make('details', { class: 'schema' }, make('summary', { class: 'soft' }, 'its fields'));
    inside.addEventListener('toggle', () => inside.childElementCount > 1 || inside.append(schemaTable(field)));
    return inside;
}

function input(parameter) {
    const schema = parameter.schema;
    if (schema.enum) {
        const options = schema.enum.map((word) => make('option', {}, word));
        return make('select', { name: parameter.name }, make('option', { value: '' }, ''), ...options);
    }
    const value = parameter.in === 'path' ? (schema.examples || [''])[0] : '';
    return make('input', { name: parameter.name, value, spellcheck: 'false' });
}

function parametersOf(operation) {
    const parameters = (operation.parameters || []).map(resolve);
    const inputs = parameters.map(input);
    if (!parameters.length) return { parameters, inputs, shown: null };
    const rows = parameters.map((parameter, index) => make('tr', {},
        make('td', {}, make('code', { class: parameter.required ? 'needed' : '' }, parameter.name), ' ',
            make('span', { class: 'soft' }, parameter.in)),
        make('td', {}, make('label', { 'aria-label': parameter.name }, inputs[index])),
        make('td', {}, ...prose(parameter.description).childNodes)));
    return { parameters, inputs, shown: make('table', {}, make('tbody', {}, ...rows)) };
}

// The editor of a body, and what it makes of it for fetch.
function bodyOf(operation) {
    const content = (operation.requestBody || {}).content;
    if (!content) return { shown: null, read: () => ({}) };
    const [kind, { schema, example }] = Object.entries(content)[0];
    if (kind === 'application/json') {
        const editor = make('textarea', { spellcheck: 'false', 'aria-label': 'Body' });
        editor.value = JSON.stringify(example || {}, null, 2);
        return {
            shown: make('div', {}, make('h3', {}, 'Body'), schemaTable(schema), editor),
            read: () => ({ body: editor.value, headers: { 'Content-Type': kind } }),
        };
    }
    const fields = Object.entries(resolve(schema).properties).map(([name, field]) => [name, make('input', {
        type: field.format === 'binary' ? 'file' : name.includes('secret') ? 'password' : 'text', 'aria-label': name,
        value: field.format === 'binary' ? null : (field.enum || [''])[0],
    })]);
    const form = () => {
        const form = kind === 'multipart/form-data' ? new FormData() : new URLSearchParams();
        for (const [name, field] of fields) {
            const value = field.type === 'file' ? field.files[0] : field.value;
            if (value) form.append(name, value);
        }
        return form;
    };
    const rows = fields.map(([name, field]) => make('tr', {}, make('td', {}, make('code', {}, name)), make('td', {}, field)));
    return {
        shown: make('div', {}, make('h3', {}, `Body (${kind})`), make('table', {}, make('tbody', {}, ...rows))),
        read: () => ({ body: form() }),
    };
}

function target(path, parameters, inputs) {
    const query = new URLSearchParams();
    const headers = {};
    parameters.forEach((parameter, index) => {
        const value = inputs[index].value;
        if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, encodeURIComponent(value).replace('%40', '@'));
        else if (value && parameter.in === 'query') query.append(parameter.name, value);
        else if (value) headers[parameter.name] = value;
    });
    return { url: query.size ? `${path}?${query}` : path, headers };
}

async function send(method, path, parts, body, into) {
    const { url, headers } = target(path, parts.parameters, parts.inputs);
    const request = body.read();
    const began = performance.now();
    try {
        const answer = await fetch(url, {
            method: method.toUpperCase(), body: request.body, cache: 'no-store',
            headers: { ...headers, ...request.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) },
        });
        const shown = await contentOf(answer);
        const took = Math.round(performance.now() - began);
        const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
        into.replaceChildren(
            make('h3', { class: answer.ok ? '' : 'wrong' }, `${answer.status} ${answer.statusText} `,
                make('small', {}, `${method.toUpperCase()} ${url}, ${took} ms`)),
            make('details', {}, make('summary', { class: 'soft' }, 'Headers'), make('pre', {}, lines)), shown);
    } catch (error) {
        into.replaceChildren(make('p', { class: 'wrong' }, `No answer: ${error.message}`));
    }
}

async function contentOf(answer) {
    const kind = answer.headers.get('Content-Type') || '';
    if (kind.startsWith('application/json')) {
        const text = await answer.text();
        return make('pre', {}, text ? JSON.stringify(JSON.parse(text), null, 2) : '');
    }
    if (kind.startsWith('text/')) return make('pre', {}, await answer.text());
    const content = await answer.blob();
    if (!content.size) return make('p', { class: 'soft' }, 'No content.');
    const url = URL.createObjectURL(content);
    const sound = kind.startsWith('audio/') ? make('audio', { controls: true, src: url }) : null;
    return make('p', {}, sound, ' ', make('a', { href: url, download: 'answer' }, `Keep ${content.size} bytes`));
}

function answersOf(operation) {
    const rows = Object.entries(operation.responses).map(([status, said]) => {
        const answer = resolve(said);
        const shown = Object.entries(answer.content || {}).map(([kind, { schema }]) => make('div', {},
            make('span', { class: 'soft' }, kind === 'application/json' ? typeOf(schema) : kind),
            kind === 'application/json' && nameOf(schema) !== 'Error' ? deeper(schema) : null));
        return make('tr', {}, make('td', {}, make('code', {}, status)), make('td', {}, ...inline(answer.description)), make('td', {}, ...shown));
    });
    return make('details', {}, make('summary', {}, 'Answers'), make('table', {}, make('tbody', {}, ...rows)));
}

function insideOf(path, method, operation) {
    const parts = parametersOf(operation);
    const body = bodyOf(operation);
    const result = make('div', { 'aria-live': 'polite' });
    const button = make('button', { type: 'button' }, 'Send');
    button.addEventListener('click', async () => {
        button.disabled = true;
        await send(method, path, parts, body, result);
        button.disabled = false;
    });
    return make('div', { class: 'inside' },
        operation.description ? prose(operation.description) : null, parts.shown, body.shown,
        make('p', {}, button, ' ', operation.security.length ? make('span', { class: 'soft' }, 'with the token') : null),
        result, answersOf(operation));
}

function operationOf(path, method, operation) {
    const shown = make('details', { class: 'operation', id: operation.operationId },
        make('summary', {}, make('span', { class: `method ${method}` }, method.toUpperCase()),
            make('span', { class: 'path' }, path), make('span', { class: 'soft' }, operation.summary)));
    shown.dataset.words = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
    shown.addEventListener('toggle', () => shown.childElementCount > 1 || shown.append(insideOf(path, method, operation)));
    return shown;
}

function show() {
    document.getElementById('version').textContent = api.info.version;
    const main = document.getElementById('main');
    main.replaceChildren(prose(api.info.description));
    for (const tag of api.tags) {
        const id = `group-${tag.name.replace(/\W/g, '-')}`;
        const operations = Object.entries(api.paths).flatMap(([path, item]) => Object.entries(item)
            .filter(([, operation]) => operation.tags.includes(tag.name))
            .map(([method, operation]) => operationOf(path, method, operation)));
        if (!operations.length) continue;
        document.getElementById('groups').append(make('li', {}, make('a', { href: `#${id}` }, tag.name)));
        main.append(make('section', { id: `in-${id}` }, make('h2', { id }, tag.name), make('p', { class: 'soft' }, tag.description), ...operations));
    }
    const named = document.getElementById(location.hash.slice(1));
    if (named) {
        if (named.tagName === 'DETAILS') named.open = true;
        named.scrollIntoView();
    }
}

function find(words) {
    for (const section of document.querySelectorAll('main > section')) {
        const operations = [...section.querySelectorAll('.operation')];
        for (const operation of operations) {
            operation.hidden = !words.toLowerCase().split(/\s+/).every((word) => operation.dataset.words.includes(word));
        }
        section.hidden = operations.every((operation) => operation.hidden);
    }
}

async function askToken(event) {
    event.preventDefault();
    const state = document.getElementById('token-state');
    const form = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: document.getElementById('client-id').value,
        client_secret: document.getElementById('client-secret').value,
    });
    try {
        const answer = await fetch('/oauth/token', { method: 'POST', body: form });
        const said = await answer.json();
        token = answer.ok ? said.access_token : null;
        const until = new Date(Date.now() + 1000 * said.expires_in);
        state.textContent = answer.ok ? `A token until ${until.toLocaleTimeString()}` : said.error_description;
        state.className = answer.ok ? '' : 'wrong';
    } catch (error) {
        state.textContent = `No answer: ${error.message}`;
    }
}

document.getElementById('token-form').addEventListener('submit', askToken);
document.getElementById('find').addEventListener('input', (event) => find(event.target.value));
fetch('/api/openapi.json').then((answer) => answer.json()).then((described) => {
    api = described;
    show();
}).catch((error) => {
    document.getElementById('main').textContent = `The description cannot be read: ${error.message}`;
});
