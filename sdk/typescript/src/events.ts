/**
 * CloudEvents in protobuf (io.cloudevents.v1.CloudEvent), as far as members need them: id 1, source 2, spec_version 3, type 4, attributes 5 (a map whose values are texts here), binary_data 6,
 * text_data 7.
 */
export interface CloudEvent {
  id: string;
  type: string;
  attributes: Record<string, string>;
  text: string;
}

const LengthDelimited = 2;

export function encode(event: { id: string; source: string; type: string; text: string }): Buffer {
  return Buffer.concat([field(1, event.id), field(2, event.source), field(3, '1.0'), field(4, event.type), field(7, event.text)]);
}

export function decode(bytes: Buffer): CloudEvent {
  const event: CloudEvent = { id: '', type: '', attributes: {}, text: '' };
  for (const [number, value] of fields(bytes)) {
    if (number === 1) event.id = value.toString();
    else if (number === 4) event.type = value.toString();
    else if (number === 5) Object.assign(event.attributes, attribute(value));
    else if (number === 6 || number === 7) event.text = value.toString();
  }
  return event;
}

function attribute(entry: Buffer): Record<string, string> {
  let [name, text] = ['', ''];
  for (const [number, value] of fields(entry)) {
    if (number === 1) name = value.toString();
    else if (number === 2) for (const [kind, inner] of fields(value)) if (kind >= 3) text = inner.toString(); // ce_string, and what else is written as text
  }
  return { [name]: text };
}

function field(number: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([(number << 3) | LengthDelimited]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return Buffer.from([...bytes, value]);
}

/** Fields that hold bytes; others are passed over. */
function* fields(bytes: Buffer): Generator<[number, Buffer]> {
  for (let at = 0; at < bytes.length; ) {
    const [key, behindKey] = number(bytes, at);
    const [value, behind] = (key & 7) === 5 ? [0, behindKey + 4] : (key & 7) === 1 ? [0, behindKey + 8] : number(bytes, behindKey);
    at = behind;
    if ((key & 7) !== LengthDelimited) continue;
    yield [key >> 3, bytes.subarray(at, at + value)];
    at += value;
  }
}

function number(bytes: Buffer, at: number): [number, number] {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at];
  }
}
