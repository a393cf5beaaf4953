//! Names of parties and flows, for ids. Loaded once for all pages; an id stands for itself until then.

import { api, ask, type Entity, type Flow } from '../api/client';

class Names {
  entities: Entity[] = $state.raw([]);
  flows: Flow[] = $state.raw([]);
  #names: Map<string, string> = $derived(
    new Map([...this.entities, ...this.flows].map(({ id, name }) => [id, name])),
  );
  #loaded = false;

  /** The name of an id. */
  of = (id: string | null | undefined): string => (id ? (this.#names.get(id) ?? id) : '');

  /** What flows declare that lists can be filtered by: of these flows, or of all. */
  declared(flowIds: string[]): { dims: Flow['dims']; fields: string[] } {
    const flows = this.flows.filter((flow) => flowIds.length === 0 || flowIds.includes(flow.id));
    const dims = new Map(flows.flatMap((flow) => flow.dims).map((dim) => [dim.path, dim]));
    const fields = new Set(flows.flatMap((flow) => flow.fields));
    return {
      dims: [...dims.values()].sort((one, other) => (one.path < other.path ? -1 : 1)),
      fields: [...fields].sort(),
    };
  }

  /** Loads once. Names are a comfort: without them the pages show ids. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    const [entities, flows] = await Promise.allSettled([ask(api.GET('/entities')), ask(api.GET('/flows'))]);
    if (entities.status === 'fulfilled') this.entities = entities.value.data;
    if (flows.status === 'fulfilled') this.flows = flows.value.data;
    if (entities.status === 'rejected' || flows.status === 'rejected') this.#loaded = false;
  }
}

export const names = new Names();
