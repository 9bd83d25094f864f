// The classes of a CSS module, in camel case; cssModules.test.ts checks that they are there.
declare module "*.module.css";
