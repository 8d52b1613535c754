#!/usr/bin/env python3
"""NVVM IR of kernels, as text, becomes IR for this machine: to_host.py IN.ll OUT.ll

A kernel becomes a plain function; an intrinsic @llvm.nvvm.a.b the function nvvm_a_b; inline PTX a
call of the function named after the instruction (ptx_mma_sync_...), which gets where its results
go, then the operands in the order of the text's own %0, %1, ...: constraints and text are read as
the PTX would be, so a swapped register shows. isa.cc has these functions."""
import re
import sys

ASM = re.compile(r'(?:(%\S+) = )?(?:tail )?call (?:contract |noundef )*(\S+|\{[^}]*\}) asm(?: sideeffect)? "([^"]*)", "([^"]*)"\(([^()]*)\)( #\d+)?[^\n]*')


def split(text):
    """At commas that stand in no bracket."""
    parts, depth = [''], 0
    for c in text:
        depth += (c in '({[') - (c in ')}]')
        if c == ',' and not depth:
            parts.append('')
        else:
            parts[-1] += c
    return [p.strip() for p in parts if p.strip()]


class Calls:
    """One wrapper for each asm text and type: allocates its results, calls the C function."""

    def __init__(self):
        self.wrappers = {}
        self.declared = {}

    def of(self, result, text, constraints, types):
        key = (result, text, constraints, types)
        if key not in self.wrappers:
            name = f'asm_{len(self.wrappers)}'
            self.wrappers[key] = (name, self.define(name, *key))
        return self.wrappers[key][0]

    def define(self, name, result, text, constraints, types):
        plain = text.replace('\\09', ' ').replace('\\0A', ' ').replace('$$', '%')
        words = plain.replace(';', '').split(None, 1)
        outs = split(result.strip('{} ')) if result.startswith('{') else ([] if result == 'void' else [result])
        kinds = [c for c in constraints.split(',') if not c.startswith('~')]
        if sum(c.startswith('=') for c in kinds) != len(outs) or len(kinds) != len(outs) + len(types):
            sys.exit(f'{words[0]}: {len(outs)} results and {len(types)} operands, but "{constraints}"')
        # An operand tied to a result ("0") stands in the text as that result's number.
        inputs = {}
        for i, (kind, type_) in enumerate(zip(kinds[len(outs):], types)):
            inputs[int(kind) if kind.isdigit() else len(outs) + i] = (type_, f'%a{i}')
        # In the order of the text: what is written first, then what is read.
        order = [int(n) for n in re.findall(r'\$\{?(\d+)', words[1] if len(words) > 1 else '')]
        written, read = order[:len(outs)], order[len(outs):]
        if sorted(written) != list(range(len(outs))):
            sys.exit(f'{words[0]}: the results stand in the order {written}')
        callee = 'ptx_' + re.sub(r'\W', '_', words[0])
        shape = re.sub(r'\$\{?\d+(:\w+)?\}?', '#', words[1]).replace(' ', '') if len(words) > 1 else ''
        literal = re.findall(r'(?<![#\w])\d+', shape)
        given = [inputs[n] for n in read]
        arguments = ', '.join(f'{t} {v}' for t, v in given)
        self.declared.setdefault(callee, ['ptr'] + [t for t, _ in given] + ['i32'] * len(literal))
        for value in literal:
            arguments += f', i32 {value}'
        lines = [f'define internal {result} @{name}({", ".join(f"{t} %a{i}" for i, t in enumerate(types))}) convergent nounwind {{']
        lines.append(f'  %out = alloca [{max(1, len(outs))} x i32]')
        lines.append(f'  call void @{callee}(ptr %out{", " if arguments else ""}{arguments.lstrip(", ")})')
        value = 'undef'
        for i, t in enumerate(outs):
            at = written.index(i)
            lines.append(f'  %p{i} = getelementptr [{len(outs)} x i32], ptr %out, i32 0, i32 {at}')
            lines.append(f'  %v{i} = load {t}, ptr %p{i}')
            if len(outs) > 1:
                lines.append(f'  %s{i} = insertvalue {result} {value}, {t} %v{i}, {i}')
                value = f'%s{i}'
        lines.append('  ret void' if not outs else f'  ret {result} {value if len(outs) > 1 else "%v0"}')
        return '\n'.join(lines + ['}'])


def convert(text):
    calls = Calls()

    def replace(m):
        into, result, asm, constraints, operands, _ = m.groups()
        values = split(operands)
        types = tuple(v.split(' ', 1)[0] for v in values)
        name = calls.of(result, asm, constraints, types)
        given = ', '.join(re.sub(r'^(\S+)(?: noundef| nonnull| nocapture)*', r'\1', v) for v in values)
        return f'{into + " = " if into else ""}call {result} @{name}({given})'

    text = ASM.sub(replace, text)
    if ' asm ' in text:
        sys.exit('inline PTX of another form: ' + re.search(r'.* asm .*', text).group())
    text = re.sub(r'^target datalayout.*\n', '', text, flags=re.M)
    text = re.sub(r'^target triple.*', 'target triple = "x86_64-pc-linux-gnu"', text, flags=re.M)
    text = re.sub(r'"target-(cpu|features)"="[^"]*"', '', text).replace('ptx_kernel ', '')
    text = re.sub(r'@llvm\.nvvm\.([\w.]+)', lambda m: '@nvvm_' + m.group(1).replace('.', '_'), text)
    for _, body in calls.wrappers.values():
        text += '\n' + body + '\n'
    for callee, types in calls.declared.items():
        text += f'declare void @{callee}({", ".join(types)}) convergent nounwind\n'
    return text


def main():
    with open(sys.argv[1]) as f:
        text = convert(f.read())
    with open(sys.argv[2], 'w') as f:
        f.write(text)


main()
