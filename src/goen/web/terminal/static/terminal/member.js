// From what was scanned or typed to members with their balance.
import { call, Refused } from "./api.js";

/** Which identifiers a text may be, likeliest first. */
const ROTATING = /^50\d{18}$/;
export const isCode = (typed) => ROTATING.test(typed);

export function kinds(typed) {
  if (isCode(typed)) return ["code"];
  if (typed.includes("@")) return ["email"];
  const digits = typed.replace(/\D/g, "");
  return /^[+\d０-９][\d０-９ ()+-]*$/.test(typed) && digits.length >= 10 && digits.length <= 12 ? ["phone", "card"] : ["card"];
}

export async function lookUp(typed, kind) {
  for (const each of kind ? [kind] : kinds(typed)) {
    let items;
    try { ({ items } = await call("POST", "/v1/members/lookup", { kind: each, value: typed })); }
    catch (error) {
      if (error instanceof Refused && error.problem.code === "ambiguous_member") return error.problem.candidates.map((c) => ({ id: c.member_id, number: c.number, name: c.name_masked }));
      if (error instanceof Refused && error.status === 422) continue;
      throw error;
    }
    if (items.length) {
      const [found] = items;
      const balance = await call("GET", `/v1/members/${found.id}/balance`);
      return [{ ref: { kind: "member_id", value: found.id }, id: found.id, number: found.number, name: found.name, kana: found.kana, status: found.status, balance, code: each === "code" ? { value: typed, at: Date.now() } : null }];
    }
  }
  return [];
}
