/**
 * What threads run: nothing.
 * @param {number} number
 */
export default function same(number) {
  return number;
}
