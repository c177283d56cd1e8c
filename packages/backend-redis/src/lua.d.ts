/** The text of a Lua file, put into the bundle. */
declare module '*.lua' {
  const text: string;
  export default text;
}
