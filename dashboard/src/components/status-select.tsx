/** Chooses the entries of a list by their status. */
import { NativeSelect } from "@mantine/core";
import classes from "./status-select.module.css";

interface StatusSelectProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly data: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
}

export function StatusSelect<Value extends string>({
  label,
  value,
  data,
  onChange,
}: StatusSelectProps<Value>) {
  return (
    <NativeSelect
      className={classes.select}
      size="xs"
      aria-label={label}
      value={value}
      data={[...data]}
      onChange={({ currentTarget }) => {
        onChange(currentTarget.value as Value);
      }}
    />
  );
}
