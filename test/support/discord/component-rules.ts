import type { Fault } from './schema.ts';
import type { Fields } from './state.ts';

const v2Flag = 1 << 15;

/** Of all kinds together. Source: https://docs.discord.com/developers/components/reference */
const maxComponents = 40;

/** The objects of a list; an empty list for anything else. */
export function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : [];
}

/** What is wrong with the components of a message besides their shape. */
export function componentFaults(body: Fields, standingFlags: number): Fault[] {
  const rows = listOf(body['components']);
  const all = rows.flatMap(withChildren);
  const isV2 = ((Number(body['flags'] ?? 0) | standingFlags) & v2Flag) !== 0;
  const faults: Fault[] = [];
  if (all.length > maxComponents) {
    const message = `The number of components must be ${maxComponents} or fewer.`;
    faults.push({ path: 'components', code: 'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED', message });
  }
  if (!isV2 && rows.length > 5)
    faults.push({ path: 'components', code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 5 or fewer in length.' });
  if (!isV2 && rows.some(({ type }) => type !== 1)) {
    const message = 'Value of field "type" must be one of (1,).';
    faults.push({ path: 'components.0.type', code: 'UNION_TYPE_CHOICES', message });
  }
  if (isV2 && (body['content'] || listOf(body['embeds']).length > 0)) {
    const message = 'The content and embeds fields cannot be used when using MessageFlags.IS_COMPONENTS_V2';
    faults.push({ path: '', code: 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2', message });
  }
  return [...faults, ...customIdFaults(rows), ...buttonFaults(rows)];
}

function withChildren(component: Fields): Fields[] {
  return [component, ...listOf(component['components']).flatMap(withChildren)];
}

function customIdFaults(rows: Fields[]): Fault[] {
  const seen = new Set<unknown>();
  const code = 'COMPONENT_CUSTOM_ID_DUPLICATED';
  return placed(rows).flatMap(({ path, component }) => {
    const id = component['custom_id'];
    if (id === undefined || id === null || !seen.has(id)) return seen.add(id) && [];
    return [{ path: `${path}.custom_id`, code, message: 'Component custom id cannot be duplicated' }];
  });
}

function placed(components: Fields[], above = 'components'): { path: string; component: Fields }[] {
  return components.flatMap((component, index) => {
    const path = `${above}.${index}`;
    return [{ path, component }, ...placed(listOf(component['components']), `${path}.components`)];
  });
}

/** A button has an id or, as a link, an address. */
function buttonFaults(rows: Fields[]): Fault[] {
  return placed(rows).flatMap(({ path, component }): Fault[] => {
    if (component['type'] !== 2) return [];
    const isLink = component['style'] === 5;
    const name = isLink ? 'url' : 'custom_id';
    const required = { code: 'BASE_TYPE_REQUIRED', message: `A ${isLink ? 'url' : 'custom id'} is required` };
    const faults: Fault[] = component[name] ? [] : [{ path: `${path}.${name}`, ...required }];
    if (component['label'] || component['emoji']) return faults;
    const message = 'A component must have either a label or emoji';
    return [...faults, { path, code: 'BUTTON_COMPONENT_INVALID', message }];
  });
}
