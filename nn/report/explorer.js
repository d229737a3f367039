/* The explorer of a report: the decoder, as the list of steps that nn/exports/program.h describes, and the sliders that
 * feed it. Nothing is loaded: both scripts of data stand in the page. */
(function () {
    "use strict";

    /* ---- numbers ------------------------------------------------------------------------------------------------ */

    function floats(base64) {
        const text = atob(base64), bytes = new Uint8Array(text.length);
        for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
        const view = new DataView(bytes.buffer), out = new Float32Array(bytes.length / 4);
        for (let i = 0; i < out.length; i++) out[i] = view.getFloat32(4 * i, true);
        return out;
    }

    function number(value) {
        return typeof value === "number" ? value : value === "inf" ? Infinity : value === "-inf" ? -Infinity : NaN;
    }

    function sizeOf(shape) {
        return shape.reduce((size, n) => size * n, 1);
    }

    function stridesOf(shape) {
        const strides = new Array(shape.length);
        for (let i = shape.length - 1, size = 1; i >= 0; size *= shape[i--]) strides[i] = size;
        return strides;
    }

    /* Calls visit(place in the result, place in the source) for each index of a shape; `strides` walk the source. */
    function walk(shape, strides, start, visit) {
        const size = sizeOf(shape), index = new Array(shape.length).fill(0);
        for (let at = 0, from = start; at < size; at++) {
            visit(at, from);
            for (let axis = shape.length - 1; axis >= 0; axis--) {
                from += strides[axis];
                if (++index[axis] < shape[axis]) break;
                from -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }
    }

    /* The strides with which an operand is read as if it had a larger shape: 0 where it is repeated. */
    function repeated(operand, shape) {
        const own = stridesOf(operand), missing = shape.length - operand.length;
        return shape.map((n, i) => (i < missing || operand[i - missing] === 1 ? 0 : own[i - missing]));
    }

    /* Abramowitz and Stegun 7.1.5 where it converges fast, else the continued fraction of erfc (7.1.14). */
    function erf(x) {
        const a = Math.abs(x);
        if (a > 6) return Math.sign(x);
        if (a < 2.5) {
            let term = x, sum = x;
            for (let n = 1; n < 60; n++) {
                term *= -x * x / n;
                sum += term / (2 * n + 1);
            }
            return 2 / Math.sqrt(Math.PI) * sum;
        }
        let fraction = 0;
        for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
        return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
    }

    /* log Gamma, its derivative and the next for x > 0: by Stirling's series, from 8 on. */
    function lgamma(x) {
        let shift = 0;
        for (; x < 8; x++) shift -= Math.log(x);
        const s = 1 / (x * x);
        return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) +
            (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s / 1680))) / x;
    }

    function digamma(x) {
        let shift = 0;
        for (; x < 8; x++) shift -= 1 / x;
        const s = 1 / (x * x);
        return shift + Math.log(x) - 0.5 / x - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s / 240)));
    }

    function trigamma(x) {
        let shift = 0;
        for (; x < 8; x++) shift += 1 / (x * x);
        const s = 1 / (x * x);
        return shift + (1 + 0.5 / x + s * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s / 30)))) / x;
    }

    function roundToEven(x) {
        const low = Math.floor(x), rest = x - low;
        return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
    }

    function sigmoid(x) {
        return 1 / (1 + Math.exp(-x));
    }

    /* ---- elementwise steps: the rows of tensor/elementwise.def -------------------------------------------------- */

    const rows = {
        copy: (a) => a,
        neg: (a) => -a,
        abs: Math.abs,
        sign: (a) => (a > 0) - (a < 0),
        square: (a) => a * a,
        sqrt: Math.sqrt,
        reciprocal: (a) => 1 / a,
        exp: Math.exp,
        expm1: Math.expm1,
        log: Math.log,
        log1p: Math.log1p,
        sin: Math.sin,
        cos: Math.cos,
        tanh: Math.tanh,
        erf: erf,
        sigmoid: sigmoid,
        softplus: (a) => (a > 0 ? a + Math.log1p(Math.exp(-a)) : Math.log1p(Math.exp(a))),
        relu: (a) => (a < 0 ? 0 : a),
        floor: Math.floor,
        round: roundToEven,
        lgamma: lgamma,
        digamma: digamma,
        trigamma: trigamma,
        isfinite: (a) => +(a - a === 0),
        add: (a, b) => a + b,
        sub: (a, b) => a - b,
        mul: (a, b) => a * b,
        div: (a, b) => a / b,
        pow: Math.pow,
        remainder: (a, b) => a - b * Math.floor(a / b),
        maximum: (a, b) => (a < b || b !== b ? b : a),
        minimum: (a, b) => (b < a || b !== b ? b : a),
        less: (a, b) => +(a < b),
        less_equal: (a, b) => +(a <= b),
        equal: (a, b) => +(a === b),
        where: (a, b, c) => (a !== 0 ? b : c),
        mul_add: (a, b, c) => a * b + c,
        lerp: (a, b, c) => (b - a) * c + a,
    };

    function elementwise(row, step, inputs, out) {
        const read = inputs.map((operand) => {
            if (operand.values.length === out.length) return operand.values;
            const full = new Float32Array(out.length);
            walk(step.shape, repeated(operand.shape, step.shape), 0, (at, from) => {
                full[at] = operand.values[from];
            });
            return full;
        });
        const a = read[0], b = read[1], c = read[2];
        if (read.length === 1) for (let i = 0; i < out.length; i++) out[i] = row(a[i]);
        else if (read.length === 2) for (let i = 0; i < out.length; i++) out[i] = row(a[i], b[i]);
        else for (let i = 0; i < out.length; i++) out[i] = row(a[i], b[i], c[i]);
    }

    /* ---- the other steps: f(step, operands, out) ---------------------------------------------------------------- */

    function linear(step, [x, w, b], out) {
        const [many, width] = w.shape, n = out.length / many;
        for (let i = 0; i < n; i++)
            for (let o = 0; o < many; o++) {
                let sum = b ? b.values[o] : 0;
                for (let k = 0, at = i * width, row = o * width; k < width; k++) sum += x.values[at + k] * w.values[row + k];
                out[i * many + o] = sum;
            }
    }

    function matmul(step, [a, b], out) {
        const m = a.shape[a.shape.length - 2], k = a.shape[a.shape.length - 1], n = b.shape[b.shape.length - 1];
        const batch = step.shape.slice(0, -2);
        const places = (operand) => {
            const found = [], outer = operand.shape.slice(0, -2), size = sizeOf(operand.shape.slice(-2));
            walk(batch, repeated(outer, batch), 0, (at, from) => found.push(from * size));
            return found;
        };
        const left = places(a), right = places(b);
        for (let p = 0; p < left.length; p++)
            for (let i = 0; i < m; i++)
                for (let j = 0; j < n; j++) {
                    let sum = 0;
                    for (let l = 0; l < k; l++)
                        sum += a.values[left[p] + i * k + l] * b.values[right[p] + l * n + j];
                    out[(p * m + i) * n + j] = sum;
                }
    }

    function conv2d(step, [x, w, b], out) {
        const [images, channels, height, width] = x.shape, [many, , kh, kw] = w.shape;
        const [, , oh, ow] = step.shape, stride = step.stride, padding = step.padding;
        let at = 0;
        for (let i = 0; i < images; i++)
            for (let o = 0; o < many; o++)
                for (let y = 0; y < oh; y++)
                    for (let u = 0; u < ow; u++) {
                        let sum = b ? b.values[o] : 0;
                        for (let c = 0; c < channels; c++)
                            for (let p = 0; p < kh; p++) {
                                const row = y * stride - padding + p;
                                if (row < 0 || row >= height) continue;
                                const from = ((i * channels + c) * height + row) * width,
                                    weight = ((o * channels + c) * kh + p) * kw;
                                for (let q = 0; q < kw; q++) {
                                    const column = u * stride - padding + q;
                                    if (column >= 0 && column < width)
                                        sum += x.values[from + column] * w.values[weight + q];
                                }
                            }
                        out[at++] = sum;
                    }
    }

    function convTranspose2d(step, [x, w, b], out) {
        const [images, channels, height, width] = x.shape, [, many, kh, kw] = w.shape;
        const [, , oh, ow] = step.shape, stride = step.stride, padding = step.padding;
        const sums = new Float64Array(out.length);
        for (let i = 0; i < images; i++)
            for (let c = 0; c < channels; c++)
                for (let y = 0; y < height; y++)
                    for (let u = 0; u < width; u++) {
                        const value = x.values[((i * channels + c) * height + y) * width + u];
                        if (value === 0) continue;
                        for (let o = 0; o < many; o++)
                            for (let p = 0; p < kh; p++) {
                                const row = y * stride - padding + p;
                                if (row < 0 || row >= oh) continue;
                                const to = ((i * many + o) * oh + row) * ow, weight = ((c * many + o) * kh + p) * kw;
                                for (let q = 0; q < kw; q++) {
                                    const column = u * stride - padding + q;
                                    if (column >= 0 && column < ow) sums[to + column] += value * w.values[weight + q];
                                }
                            }
                    }
        const plane = oh * ow;
        for (let i = 0; i < out.length; i++) out[i] = sums[i] + (b ? b.values[Math.floor(i / plane) % many] : 0);
    }

    function batchNorm(step, [x, mean, variance, w, b], out) {
        const channels = x.shape[1], plane = sizeOf(x.shape.slice(2));
        for (let i = 0; i < out.length; i++) {
            const c = Math.floor(i / plane) % channels;
            out[i] = (x.values[i] - mean.values[c]) / Math.sqrt(variance.values[c] + number(step.value)) * w.values[c] +
                b.values[c];
        }
    }

    /* Sum or greatest over the axes of a step. */
    function reduce(step, [x], out, first, join) {
        const kept = stridesOf(step.shape).map((stride, i) => (step.axes.includes(i) ? 0 : stride));
        const sums = new Float64Array(out.length).fill(first);
        walk(x.shape, kept, 0, (at, to) => {
            sums[to] = join(sums[to], x.values[at]);
        });
        out.set(sums);
    }

    const steps = {
        linear: linear,
        matmul: matmul,
        conv2d: conv2d,
        conv_transpose2d: convTranspose2d,
        batch_norm: batchNorm,
        one_hot(step, [labels], out) {
            const n = step.shape[step.shape.length - 1];
            for (let i = 0; i < out.length; i++) out[i] = +(labels.values[Math.floor(i / n)] === i % n);
        },
        gather(step, [table, index], out) {
            const size = sizeOf(table.shape.slice(1));
            for (let i = 0; i < index.values.length; i++) {
                const row = index.values[i];
                if (row >= 0 && row < table.shape[0]) out.set(table.values.subarray(row * size, (row + 1) * size), i * size);
            }
        },
        cast(step, [x], out) { out.set(x.values); },
        leaky_relu(step, [x], out) {
            const slope = number(step.value);
            for (let i = 0; i < out.length; i++) out[i] = x.values[i] > 0 ? x.values[i] : slope * x.values[i];
        },
        elu(step, [x], out) {
            const scale = number(step.value);
            for (let i = 0; i < out.length; i++) out[i] = x.values[i] > 0 ? x.values[i] : scale * Math.expm1(x.values[i]);
        },
        gelu(step, [x], out) {
            for (let i = 0; i < out.length; i++) out[i] = x.values[i] / 2 * (1 + erf(x.values[i] * Math.SQRT1_2));
        },
        silu(step, [x], out) {
            for (let i = 0; i < out.length; i++) out[i] = x.values[i] * sigmoid(x.values[i]);
        },
        sum(step, operands, out) { reduce(step, operands, out, 0, (a, b) => a + b); },
        max(step, operands, out) { reduce(step, operands, out, -Infinity, (a, b) => (a < b || b !== b ? b : a)); },
        reshape(step, [x], out) { out.set(x.values); },
        permute(step, [x], out) {
            const own = stridesOf(x.shape);
            walk(step.shape, step.axes.map((axis) => own[axis]), 0, (at, from) => { out[at] = x.values[from]; });
        },
        expand(step, [x], out) {
            walk(step.shape, repeated(x.shape, step.shape), 0, (at, from) => { out[at] = x.values[from]; });
        },
        slice(step, [x], out) {
            const own = stridesOf(x.shape);
            walk(step.shape, own, step.start * own[step.axis], (at, from) => { out[at] = x.values[from]; });
        },
        pad(step, [x], out) {
            const to = stridesOf(step.shape);
            out.fill(0);
            walk(x.shape, to, step.start * to[step.axis], (at, place) => { out[place] = x.values[at]; });
        },
        concat(step, operands, out) {
            const to = stridesOf(step.shape);
            let start = 0;
            for (const x of operands) {
                walk(x.shape, to, start * to[step.axis], (at, place) => { out[place] = x.values[at]; });
                start += x.shape[step.axis];
            }
        },
    };

    /* ---- the decoder -------------------------------------------------------------------------------------------- */

    const leaves = {
        weight: (step) => floats(step.data),
        array: (step) => floats(step.data),
        constant: (step) => Float32Array.of(number(step.value)),
    };

    /* A function of {z: [...], labels: [...]} for a batch of one. What depends on no input is computed once. */
    function compile(program) {
        const values = program.steps.map((step) => ({
            shape: step.shape,
            values: leaves[step.op] ? leaves[step.op](step) : new Float32Array(sizeOf(step.shape)),
        }));
        const moving = [];
        const todo = [];
        program.steps.forEach((step, i) => {
            moving[i] = step.op === "input" || (step.in || []).some((k) => moving[k]);
            if (leaves[step.op] || step.op === "input") return;
            const op = steps[step.op] || (rows[step.op] && elementwise.bind(null, rows[step.op]));
            if (!op) throw new Error("the page does not know the step " + step.op);
            const operands = step.in.map((k) => values[k]), run = () => op(step, operands, values[i].values);
            if (moving[i]) todo.push(run);
            else run();
        });
        const inputs = program.steps.map((step, i) => [step, i]).filter(([step]) => step.op === "input");
        return (given) => {
            for (const [step, i] of inputs) values[i].values.set(given[step.name]);
            for (const run of todo) run();
            return values[program.outputs[0].step].values;
        };
    }

    /* ---- the page ----------------------------------------------------------------------------------------------- */

    const SHOWN = 20; /* sliders that are not folded away */
    const element = (id) => document.getElementById(id);
    const data = (id) => JSON.parse(element(id).textContent);

    const program = data("decoder"), space = data("space"), decode = compile(program);
    const latent = program.latent;
    const state = { z: new Float32Array(latent), label: 0 };
    const sliders = [];
    let asked = false, spoken = 0;

    function make(parent, name, text) {
        const child = document.createElement(name);
        if (text !== undefined) child.textContent = text;
        parent.appendChild(child);
        return child;
    }

    /* Draws an image x (channels, height, width) from 0 to space.white. */
    function draw(canvas, x) {
        const width = space.width, height = space.height, plane = width * height, grey = space.channels === 1;
        const light = 255 / space.white;
        canvas.width = width;
        canvas.height = height;
        const context = canvas.getContext("2d"), image = context.createImageData(width, height);
        for (let i = 0; i < plane; i++) {
            for (let c = 0; c < 3; c++) image.data[4 * i + c] = light * x[grey ? i : c * plane + i] + 0.5;
            image.data[4 * i + 3] = 255;
        }
        context.putImageData(image, 0, 0);
    }

    function decoded(z, label) {
        return decode({ z: z, labels: [label] });
    }

    /* Once a frame at most, however fast a slider moves. */
    function redraw() {
        if (asked) return;
        asked = true;
        requestAnimationFrame(() => {
            asked = false;
            draw(element("picture"), decoded(state.z, state.label));
        });
    }

    /* Says what changed where a screen reader hears it, once the hand rests. */
    function say(words) {
        clearTimeout(spoken);
        spoken = setTimeout(() => { element("readout").textContent = words; }, 300);
    }

    function priorOf(k) {
        const at = (space.classes.length ? state.label : 0) * latent + k;
        return { centre: space.centre[at], deviation: space.deviation[at] };
    }

    function show(k) {
        sliders[k].input.value = state.z[k];
        sliders[k].output.textContent = state.z[k].toFixed(2);
    }

    function moveTo(z, words) {
        for (let k = 0; k < latent; k++) {
            state.z[k] = z[k];
            show(k);
        }
        redraw();
        say(words);
    }

    /* Two normal numbers by Box and Muller, of which one is used. */
    function normal() {
        return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    }

    /* How far a slider goes: 4 deviations to either side of the centre, and to the code of every image that is there. */
    function rangeOf(k) {
        let low = Infinity, high = -Infinity;
        for (let row = 0; row < space.centre.length / latent; row++) {
            const centre = space.centre[row * latent + k], reach = 4 * (space.deviation[row * latent + k] || 1);
            low = Math.min(low, centre - reach);
            high = Math.max(high, centre + reach);
        }
        for (const start of space.starts) {
            low = Math.min(low, start.z[k]);
            high = Math.max(high, start.z[k]);
        }
        return [low, high];
    }

    function addSlider(parent, k) {
        const row = make(parent, "div"), label = make(row, "label", "z" + (k + 1) + " "), input = make(row, "input"),
            output = make(row, "output"), [low, high] = rangeOf(k);
        row.className = "dimension";
        if (space.unit) {
            const unit = make(label, "span", space.use[k].toPrecision(2) + (space.unit === "nats" ? " nats" : ""));
            unit.className = "unit";
            unit.title = space.unit === "nats" ? "KL of this dimension" : "variance of its codes";
        }
        input.type = "range";
        input.id = "z" + (k + 1);
        label.htmlFor = output.htmlFor = input.id;
        input.min = low;
        input.max = high;
        input.step = (high - low) / 400;
        input.addEventListener("input", () => {
            state.z[k] = Number(input.value);
            output.textContent = state.z[k].toFixed(2);
            redraw();
            say("z" + (k + 1) + " = " + state.z[k].toFixed(2));
        });
        sliders[k] = { input: input, output: output };
    }

    function addSliders() {
        const field = element("sliders"), used = space.unit !== "";
        field.querySelector("legend").textContent = used ? "Dimensions of z, the most used first" : "Dimensions of z";
        const first = make(field, "div");
        first.className = "dimensions";
        space.order.slice(0, SHOWN).forEach((k) => addSlider(first, k));
        if (latent <= SHOWN) return;
        const details = make(field, "details");
        make(details, "summary", latent - SHOWN + " more");
        const rest = make(details, "div");
        rest.className = "dimensions";
        space.order.slice(SHOWN).forEach((k) => addSlider(rest, k));
    }

    function addLabels() {
        const select = element("label");
        space.classes.forEach((name) => make(select, "option", name));
        element("label-row").hidden = space.classes.length === 0;
        select.addEventListener("change", () => {
            state.label = select.selectedIndex;
            redraw();
            say("class " + space.classes[state.label]);
        });
    }

    /* A button for each image, which shows what its code decodes to: one after the other, so that a decoder that takes
     * its time does not keep the page waiting. */
    function addStarts() {
        const waiting = [];
        if (space.starts.length === 0) return;
        element("starts").hidden = false;
        const row = make(element("starts"), "div");
        for (const start of space.starts) {
            const button = make(row, "button"), canvas = make(button, "canvas");
            button.type = "button";
            button.title = start.name;
            button.setAttribute("aria-label", start.name);
            canvas.width = space.width;
            canvas.height = space.height;
            waiting.push(() => draw(canvas, decoded(start.z, start.label)));
            button.addEventListener("click", () => {
                if (space.classes.length) element("label").selectedIndex = state.label = start.label;
                moveTo(start.z, start.name);
            });
        }
        const next = () => {
            waiting.shift()();
            if (waiting.length) setTimeout(next);
        };
        setTimeout(next);
    }

    function addButtons() {
        const each = (f) => Array.from({ length: latent }, (unused, k) => f(priorOf(k)));
        element("random").title = space.prior ? "a draw from the prior" : "a draw from where the codes of images lie";
        element("random").addEventListener("click", () => {
            moveTo(each((p) => p.centre + p.deviation * normal()), "a random code");
        });
        element("centre").title = space.prior ? "the mean of the prior" : "the mean of the codes";
        element("centre").addEventListener("click", () => { moveTo(each((p) => p.centre), "the centre"); });
        moveTo(each((p) => p.centre), "");
    }

    /* report.html#check: how far the pictures made here are from those that the program made of the same codes. */
    function check() {
        let largest = 0;
        for (const one of space.check) {
            const expected = floats(one.x), x = decoded(one.z, one.label);
            for (let i = 0; i < expected.length; i++) {
                const difference = Math.abs(x[i] - expected[i]);
                if (!(difference <= largest)) largest = difference;
            }
        }
        const word = element("check");
        word.hidden = false;
        word.textContent = "Largest difference from the program over " + space.check.length + " images: " + largest;
        word.dataset.difference = largest;
        word.dataset.images = space.check.length;
    }

    addLabels();
    addSliders();
    addStarts();
    addButtons();
    element("explorer-word").hidden = true;
    element("explorer-tool").hidden = false;
    if (location.hash === "#check") check();
}());
