/** The package brings no types; what is used of it is all that is declared. */
declare module 'node-zookeeper-client' {
  const zookeeper: { createClient(servers: string, options?: { readonly spinDelay?: number }): object };
  export default zookeeper;
}
