/** The state of the form of a cron: what is typed, and what is wrong with it. */
import type { InputWrapperProps } from "@mantine/core";
import { useState } from "react";
import { type FieldErrors, fieldErrors } from "../../format/field-errors";
import { type Faults, FORM_FIELD_NAMES, type FormField, type FormValues } from "./form-values";

export interface CronFormState {
  readonly values: FormValues;
  readonly set: (field: FormField, value: string) => void;
  /** What is wrong with a field; undefined when nothing is. */
  readonly faultOf: (field: FormField) => string | undefined;
  /** What is wrong with no field in particular. */
  readonly otherFault: string | null;
  /** Shows these faults, in place of earlier ones. */
  readonly show: (faults: Faults) => void;
  /** Shows what the server found wrong. */
  readonly showError: (error: Error) => void;
}

export function useFormState(initial: FormValues): CronFormState {
  const [values, setValues] = useState(initial);
  const [faults, setFaults] = useState<FieldErrors>({ fields: {}, other: null });
  return {
    values,
    set: (field, value) => {
      setValues((before) => ({ ...before, [field]: value }));
      // What was wrong with a field is no longer known when it has changed.
      setFaults(({ fields, other }) => ({
        fields: Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field)),
        other,
      }));
    },
    faultOf: (field) => faults.fields[field],
    otherFault: faults.other,
    show: (found) => {
      setFaults({ fields: found, other: null });
    },
    showError: (error) => {
      setFaults(fieldErrors(error, FORM_FIELD_NAMES));
    },
  };
}

/** What a field means stands below its input, so that the inputs of a row stand on one line, however much there is to say. */
export const MEANING_BELOW: Pick<InputWrapperProps, "inputWrapperOrder"> = {
  inputWrapperOrder: ["label", "input", "error", "description"],
};

/** What an input of a field takes from the form. */
export function inputProps({ values, set, faultOf }: CronFormState, field: FormField) {
  return {
    ...MEANING_BELOW,
    name: field,
    value: values[field],
    error: faultOf(field),
    onChange: ({ currentTarget }: { currentTarget: { value: string } }): void => {
      set(field, currentTarget.value);
    },
  };
}
