/** Attribute names and values of a tag's line; ad tags have small letters too. Source: RFC 8216 §4.2. */
const attributePattern = /([A-Za-z0-9-]+)=("[^"\n]*"|[^",\s]*)/g;

/** The attributes of a tag's line, without quotes. */
export function attributesOf(line: string): Map<string, string> {
  const pairs = [...line.slice(line.indexOf(':') + 1).matchAll(attributePattern)];
  return new Map(pairs.map(([, name = '', value = '']) => [name, value.replace(/^"|"$/g, '')]));
}
