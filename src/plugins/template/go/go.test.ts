import { describe, expect, test } from 'vitest';
import { evaluate, MAX_OUTPUT_CHARS, MAX_STEPS } from './evaluate.ts';
import { parseTemplate } from './parser.ts';
import type { Struct } from './value.ts';

const DATA: Struct = {
  Name: 'a.example.org.',
  Type: 'A',
  Match: ['a.example.org.', 'a', '12'],
  Group: new Map([
    ['0', 'a.example.org.'],
    ['host', 'a'],
    ['n', '12'],
  ]),
  Message: { Id: 7, Question: [{ Name: 'A.example.org.', Qtype: 1 }], Zero: false },
  Meta: (label) => `<${label}>`,
};

function fill(source: string): string {
  return evaluate(parseTemplate(source, Object.keys(DATA)), DATA);
}

describe('text/template', () => {
  test.each([
    ['{{ .Name }} 60 IN A 10.0.0.1', 'a.example.org. 60 IN A 10.0.0.1'],
    ['{{.Name}}', 'a.example.org.'],
    ['{{ $.Name }}', 'a.example.org.'],
    ['a {{- " b " -}} c', 'a b c'],
    ['a {{- /* no */ -}} c{{/* more */}}!', 'ac!'],
    ['{{ "a\\tb\\x41\\u00e9\\101\\"" }}', 'a\tbAéA"'],
    ['{{ `a\\n"}}` }}', 'a\\n"}}'],
    ["{{ 'a' }} {{ -5 }} {{ 0x1F }} {{ 1.5 }} {{ true }}", '97 -5 31 1.5 true'],
    ['{{ .Group.host }} {{ .Group.nosuch }}', 'a <no value>'],
    ['{{ .Group }} {{ .Match }}', 'map[0:a.example.org. host:a n:12] [a.example.org. a 12]'],
    ['{{ index .Match 1 }} {{ index .Group "n" }}', 'a 12'],
    ['{{ .Message.Id }} {{ (index .Message.Question 0).Name }}', '7 A.example.org.'],
    ['{{ .Meta "kubernetes/service" }} {{ "x" | .Meta }} {{ (.Meta "y") }}', '<kubernetes/service> <x> <y>'],
    ['{{ if eq .Type "A" }}yes{{ else }}no{{ end }}', 'yes'],
    ['{{ if ne .Type "A" }}1{{ else if eq .Group.host "b" }}2{{ else if .Group.x }}3{{ else }}4{{ end }}', '4'],
    ['{{ if eq .Type "MX" "TXT" "A" }}one of{{ end }}', 'one of'],
    ['{{ if and .Group.host (not .Group.x) }}ok{{ end }}', 'ok'],
    ['{{ or .Group.x "" "z" }} {{ and "a" "" "b" }}.', 'z .'],
    ['{{ if or true (index .Match 99) }}short{{ end }}', 'short'],
    ['{{ range .Match }}[{{ . }}]{{ end }}', '[a.example.org.][a][12]'],
    ['{{ range $i, $m := .Match }}{{ if $i }},{{ end }}{{ $i }}={{ $m }}{{ end }}', '0=a.example.org.,1=a,2=12'],
    ['{{ range $k, $v := .Group }}{{ $k }}{{ end }}', '0hostn'],
    ['{{ range 3 }}{{ . }}{{ end }}', '012'],
    ['{{ range slice .Match 3 }}x{{ else }}none{{ end }}', 'none'],
    ['{{ range $i, $m := .Match }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ $i }}{{ end }}', '02'],
    ['{{ range $i, $m := .Match }}{{ if eq $i 1 }}{{ break }}{{ end }}{{ $i }}{{ end }}', '0'],
    ['{{ with .Group.host }}{{ . }}{{ $.Type }}{{ else }}none{{ end }}', 'aA'],
    ['{{ with .Group.x }}{{ . }}{{ else with .Type }}{{ . }}{{ end }}', 'A'],
    ['{{ $x := .Type }}{{ if true }}{{ $x = "B" }}{{ $x := "C" }}{{ end }}{{ $x }}', 'B'],
    ['{{ with $x := .Type }}{{ $x }}{{ end }}', 'A'],
    ['{{ len .Match }} {{ len "äb" }} {{ len .Group }}', '3 3 3'],
    ['{{ slice .Name 2 9 }} {{ slice .Match 1 }}', 'example [a 12]'],
    ['{{ print "a" 1 2 "b" }} {{ print 1 true }}|{{ println "x" 1 }}|', 'a1 2b 1 true|x 1\n|'],
    ['{{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1 2 }}', 'true true true false'],
    ['{{ .Name | printf "%s-%s" "x" | len }}', '16'],
    ['{{ 5 | printf "%s-%d" "x" }}', 'x-5'],
    ['{{ parseInt .Group.n 10 32 }} {{ parseInt "ff" 16 8 }}', '12 255'],
  ])('%s', (source, expected) => {
    expect(fill(source)).toBe(expected);
  });
});

describe('printf', () => {
  test.each([
    ['"%v %v" 1 "a"', '1 a'],
    ['"%03d|%3d|%-3d|%+d" 7 7 7 7', '007|  7|7  |+7'],
    ['"%x %X %#x %o %b %c" 255 255 255 8 5 65', 'ff FF 0xff 10 101 A'],
    ['"%x" "ab"', '6162'],
    ['"%5s|%-5s|%.2s" "abc" "abc" "abc"', '  abc|abc  |ab'],
    ['"%q %t %%" "a\\"b" true', '"a\\"b" true %'],
    ['"%.2f %06.2f %e %g" 3.14159 3.14159 1500.0 0.5', '3.14 003.14 1.500000e+03 0.5'],
    ['"%*d" 4 7', '   7'],
    ['"%v" .Match', '[a.example.org. a 12]'],
    ['"%05d" -7', '-0007'],
  ])('%s', (call, expected) => {
    expect(fill(`{{ printf ${call} }}`)).toBe(expected);
  });

  test.each([
    ['"%d"', 'printf: "%d" has more verbs than there are values'],
    ['"x" 1', 'printf: "x" has fewer verbs than there are values'],
    ['"%d" "a"', 'printf: a number is expected, not a string'],
    ['"%d" 1.5', 'printf: 1.5 is not an integer'],
    ['"%t" 1', 'printf: %t takes a boolean, not a number'],
    ['"%z" 1', 'printf: there is no verb %z'],
    ['"%256d" 1', 'printf: 256 is wider than 255'],
  ])('%s is an error', (call, message) => {
    expect(() => fill(`{{ printf ${call} }}`)).toThrow(message);
  });
});

describe('errors of the text', () => {
  const DEEP = 101;
  test.each([
    ['{{ .Foo', 'unclosed action'],
    ['{{ .Foo }}', 'there is no .Foo, expecting one of .Name, .Type, .Match, .Group, .Message, .Meta'],
    ['{{ $.Foo }}', 'there is no .Foo'],
    ['{{ foo .Name }}', 'function "foo" not defined'],
    ['{{ html .Name }}', 'function "html" not defined'],
    ['{{ $x }}', 'undefined variable "$x"'],
    ['{{ $x = 1 }}', 'undefined variable "$x"'],
    ['{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}', 'undefined variable "$x"'],
    ['{{ if true }}', '{{if}} without {{end}}'],
    ['{{ range .Match }}{{ else }}', '{{range}} without {{end}}'],
    ['{{ end }}', 'unexpected {{end}}'],
    ['{{ else }}', 'unexpected {{else}}'],
    ['{{ break }}', '{{break}} outside {{range}}'],
    ['{{ define "x" }}{{ end }}', '{{define}} is not supported'],
    ['{{ template "x" }}', '{{template}} is not supported'],
    ['{{ }}', 'a value is missing'],
    ['{{ (1 }}', 'a parenthesis is not closed'],
    ['{{ 1 2 }}', 'a constant takes no arguments'],
    ['{{ .Group.2 }}', 'unexpected ".2" in an action'],
    ['{{ print "a""b" }}', 'unexpected "b" in an action'],
    ['{{ # }}', 'unexpected "#" in an action'],
    ['{{ "\\q" }}', 'bad escape \\q in a string'],
    ['{{/* x }}', 'a comment must fill its action'],
    [`${'{{ if true }}'.repeat(DEEP)}${'{{ end }}'.repeat(DEEP)}`, 'nest more than 100 deep'],
    [`{{ ${'('.repeat(DEEP)}1${')'.repeat(DEEP)} }}`, 'nest more than 100 deep'],
  ])('%.40s', (source, message) => {
    expect(() => parseTemplate(source, Object.keys(DATA))).toThrow(message);
  });
});

describe('errors of the data', () => {
  test.each([
    ['{{ index .Match 3 }}', 'index out of range: 3'],
    ['{{ index .Match -1 }}', 'index out of range: -1'],
    ['{{ slice .Match 2 1 }}', 'slice out of range: 2:1'],
    ['{{ .Message.Foo }}', "can't evaluate field Foo in a struct"],
    ['{{ .Message.constructor }}', "can't evaluate field constructor in a struct"],
    ['{{ .Name.Foo }}', "can't evaluate field Foo in a string"],
    ['{{ . }}', 'a struct cannot be printed'],
    ['{{ .Name "x" }}', 'a string takes no arguments'],
    ['{{ eq .Match .Match }}', 'incompatible types for comparison'],
    ['{{ eq 1 "a" }}', 'incompatible types for comparison: a number and a string'],
    ['{{ lt true false }}', 'invalid type for comparison: a boolean'],
    ['{{ len 5 }}', 'len of a number'],
    ['{{ range "abc" }}{{ end }}', "range can't iterate over a string"],
    ['{{ parseInt "zz" 10 32 }}', 'parseInt: "zz" is not a number of base 10 and 32 bits'],
    ['{{ parseInt "256" 10 8 }}', 'parseInt: "256" is not a number of base 10 and 8 bits'],
    ['{{ parseInt "" 10 8 }}', 'parseInt: "" is not a number'],
    ['{{ range 1000000000000 }}{{ end }}', `the template takes more than ${MAX_STEPS} steps`],
    [`{{ range ${MAX_STEPS + 1} }}x{{ end }}`, `the template takes more than ${MAX_STEPS} steps`],
    [`{{ range 300 }}${'x'.repeat(250)}{{ end }}`, `the template makes more than ${MAX_OUTPUT_CHARS} characters`],
  ])('%.40s', (source, message) => {
    expect(() => fill(source)).toThrow(message);
  });
});
