// TypeScript's DOM library does not describe Trusted Types yet; this is the part that the policies use.
interface TrustedTypePolicyRules {
  createHTML?: (input: string) => string;
  createScriptURL?: (input: string) => string;
}
interface TrustedTypePolicy {
  createHTML(input: string): string;
  createScriptURL(input: string): string;
}
declare var trustedTypes: { createPolicy(name: string, rules: TrustedTypePolicyRules): TrustedTypePolicy } | undefined;
