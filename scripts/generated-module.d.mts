/** Before the JSON that the Worker logs when it begins to load a graph. */
export declare const LOADING: string;
